// From the server's intervals, settings and timestamps to the core's policies, and back.
#include "store/limits.hpp"

#include "settings.hpp"

namespace sm::store {

namespace {

core::Lifetime from_setting(double seconds) {
    // However short, a lifetime that is set is one.
    return seconds > 0 ? Max(static_cast<core::Lifetime>(seconds * USECS_PER_SEC), 1)
                       : core::kForever;
}

}  // namespace

core::Lifetime lifetime_of(const Interval *interval) {
    return core::lifetime_of(interval->time, interval->day, interval->month);
}

core::Lifetime default_ttl() {
    return from_setting(settings::ttl_seconds);
}

core::Lifetime default_idle_timeout() {
    return from_setting(settings::idle_timeout_seconds);
}

core::Limits limits_of(pg::Value ttl, pg::Value idle_timeout, pg::Value max_interactions) {
    core::Limits limits;
    limits.ttl = ttl.null ? default_ttl() : lifetime_of(DatumGetIntervalP(ttl.datum));
    limits.idle_timeout = idle_timeout.null ? default_idle_timeout()
                                            : lifetime_of(DatumGetIntervalP(idle_timeout.datum));
    const int32 cap = max_interactions.int32_or(settings::max_interactions);
    limits.max_interactions = cap > 0 ? cap : core::kNoCap;
    return limits;
}

TimestampTz to_timestamptz(core::Time time) {
    if (time >= END_TIMESTAMP) return DT_NOEND;
    if (time < MIN_TIMESTAMP) return DT_NOBEGIN;
    return time;
}

}  // namespace sm::store
