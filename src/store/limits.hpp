// From the server's intervals, settings and timestamps to the core's policies, and back.
#pragma once

#include "core/policies.hpp"
#include "pg/spi.hpp"

namespace sm::store {

/// The clock of expiry: when the client's statement arrived, not when its transaction began.
inline core::Time statement_clock() {
    return GetCurrentStatementStartTimestamp();
}

core::Lifetime lifetime_of(const Interval *interval);

/// The defaults of the settings, in microseconds.
core::Lifetime default_ttl();
core::Lifetime default_idle_timeout();

/// A session's limits: its own values where it has them, else the defaults of the settings.
core::Limits limits_of(pg::Value ttl, pg::Value idle_timeout, pg::Value max_interactions);

/// The limits of a session that has none of its own.
inline core::Limits default_limits() {
    return limits_of(pg::Value::none(), pg::Value::none(), pg::Value::none());
}

/// A time as a timestamptz; what lies outside the calendar becomes an infinity.
TimestampTz to_timestamptz(core::Time time);

}  // namespace sm::store
