// When something expires. The one place where that is decided: appends, reads, the janitor and the
// SQL helpers all ask here, so they cannot disagree.
//
// Times are microseconds, as the server counts them. A lifetime is exact and the same everywhere: a
// day is 24 hours and a month 30 days, whatever the time zone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace sm::core {

using Time = std::int64_t;      ///< microseconds since 2000-01-01 UTC
using Lifetime = std::int64_t;  ///< microseconds; kForever: without end

inline constexpr Lifetime kForever = std::numeric_limits<std::int64_t>::max();
inline constexpr Time kNever =
    std::numeric_limits<std::int64_t>::max();  ///< the server's 'infinity'
inline constexpr Time kAlways =
    std::numeric_limits<std::int64_t>::min();  ///< the server's '-infinity'
inline constexpr std::int64_t kNoCap = std::numeric_limits<std::int64_t>::max();

/// Microseconds of an interval given in its three parts; kForever where they do not fit, and 0
/// where they are negative.
constexpr Lifetime lifetime_of(std::int64_t microseconds, std::int32_t days,
                               std::int32_t months) noexcept {
    constexpr __int128 kDay = 86'400'000'000;
    const __int128 total =
        microseconds + (static_cast<__int128>(days) + 30 * static_cast<__int128>(months)) * kDay;
    if (total >= kForever) return kForever;
    return static_cast<Lifetime>(std::max<__int128>(total, 0));
}

/// The moment at which what began at `start` has lived for `lifetime`.
constexpr Time end_of_life(Time start, Lifetime lifetime) noexcept {
    if (lifetime == kForever || start > kNever - lifetime) return kNever;
    return start + lifetime;
}

/// What a session's own settings and the defaults come to.
struct Limits {
    Lifetime ttl = kForever;
    Lifetime idle_timeout = kForever;
    std::int64_t max_interactions = kNoCap;

    /// A session lives for its idle timeout, and as long as an interaction added now would. One
    /// that has ended is not expected to be active, and stays readable for its ttl.
    constexpr Time session_end(Time last_activity, bool ended = false) const noexcept {
        return end_of_life(last_activity, ended ? ttl : std::min(ttl, idle_timeout));
    }
    /// Reads note that they use a session only so often; without an idle timeout not at all.
    constexpr Lifetime touch_interval() const noexcept {
        constexpr Lifetime kTouchesPerTimeout = 16;
        return idle_timeout == kForever ? 0 : idle_timeout / kTouchesPerTimeout;
    }
    /// Whether a session may have been in use within the last minute, by what is noted of it.
    constexpr bool in_use(Time last_activity, Time now) const noexcept {
        constexpr Lifetime kMinute = 60'000'000;
        return end_of_life(end_of_life(last_activity, touch_interval()), kMinute) > now;
    }
    /// Interactions created at this time or before have expired.
    constexpr Time cutoff(Time now) const noexcept {
        if (ttl == kForever || now < kAlways + 1 + ttl) return kAlways;
        return now - ttl;
    }
    /// Whether so many interactions are worth a visit of the janitor before anything is due by
    /// time. A cap may be overrun by a quarter, so that each visit has something to do.
    constexpr bool clearly_overrun(std::int64_t interactions) const noexcept {
        return max_interactions != kNoCap &&
               interactions - max_interactions > std::max<std::int64_t>(max_interactions / 4, 16);
    }
};

}  // namespace sm::core
