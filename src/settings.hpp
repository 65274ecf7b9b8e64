// The settings (session_memory.*): one table, read anywhere in the shell.
#pragma once

#include "pg/postgres.hpp"

namespace sm::settings {

enum class AccessPath : int { kAuto, kSql, kDirect };

extern double ttl_seconds;           ///< life of an interaction after created_at; 0: for ever
extern double idle_timeout_seconds;  ///< life of a session after its last activity; 0: off
extern int max_interactions;         ///< newest interactions a session keeps; 0: all
extern int summary_interval;         ///< interactions after which a summary is due
extern bool notify;                  ///< NOTIFY session_memory when a summary falls due
extern double max_size_kilobytes;    ///< memory above which sessions are evicted; 0: off
extern int nap_time_ms;              ///< pause between two janitor bursts in one database
extern int batch_size;               ///< interactions the janitor removes in one transaction
extern int profile_retention_seconds;
extern int backup_retention_seconds;
extern int access_path;  ///< an AccessPath
extern bool worker;      ///< whether the background worker cleans up
extern char *user_id;    ///< whose rows sm_isolate's policies let through; read by SQL

/// Defines all of them. Called once, by _PG_init.
void define();

}  // namespace sm::settings
