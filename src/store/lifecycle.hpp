// What sessions live through besides their interactions: settings, touches, state, summary, end.
// What writes happens under the session's row lock. Needs SPI where nothing else is said.
#pragma once

#include "store/reader.hpp"
#include "store/session.hpp"

namespace sm::store {

/// What sm_session_data keeps, a column each.
enum class DataColumn { kMetadata, kState, kSummary, kReport };

/// A locked session's value; none where it has not got one.
pg::Value read_data(const pg::Extension &extension, text *session_id, DataColumn column);

void write_data(const pg::Extension &extension, text *session_id, DataColumn column, Datum value);

/// Changes what is not none; the janitor looks at the session anew.
void configure_session(const pg::Extension &extension, text *session_id, core::Time now,
                       pg::Value ttl, pg::Value idle_timeout, pg::Value max_interactions);

/// Notes that a session is in use. Returns whether it is alive and open.
bool touch_session(const pg::Extension &extension, text *session_id, core::Time now);

/// Moves the summary's watermark of a locked session forward, and renews when the next is due.
void advance_summary(const pg::Extension &extension, text *session_id, int64 through_seq,
                     core::Time now);

/// Ends a session: makes its report, keeps it, and closes the session to writing. Returns the
/// report, the one it has where it has ended before; none where there is no living session.
pg::Value end_session(const pg::Extension &extension, text *session_id, text *reason,
                      core::Time now);

/// A read was made of a living session: where it slides, it now lives on. Waits for nobody, and
/// does nothing more often than once in a sixteenth of the idle timeout, in a read-only
/// transaction, on a standby, under an isolation level in which it could make the read fail, or for
/// a caller who may not. Does not need SPI.
void touch_by_read(const pg::Extension &extension, text *session_id, const SessionFacts &facts,
                   core::Time now);

/// A session's value on the caller's snapshot, copied into `context`. Does not need SPI.
pg::Value read_copy(const pg::Extension &extension, text *session_id, DataColumn column,
                    MemoryContext context);

}  // namespace sm::store
