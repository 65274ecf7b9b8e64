// When something expires: one answer, whichever way it is asked for.
#include "core/policies.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace sm::test {
namespace {

using namespace core;

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;
constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t kLeast = std::numeric_limits<std::int32_t>::min();

Limits with_ttl(Lifetime ttl) {
    Limits limits;
    limits.ttl = ttl;
    return limits;
}

TEST(Policies, LifetimeOfItsParts) {
    EXPECT_EQ(lifetime_of(0, 0, 0), 0);
    EXPECT_EQ(lifetime_of(1, 0, 0), 1);
    EXPECT_EQ(lifetime_of(0, 1, 0), kDay);
    EXPECT_EQ(lifetime_of(0, 0, 1), 30 * kDay);
    EXPECT_EQ(lifetime_of(7, 2, 3), 7 + 92 * kDay);
    EXPECT_EQ(lifetime_of(-kDay, 1, 0), 0);
    EXPECT_EQ(lifetime_of(0, -29, 1), kDay);
}

TEST(Policies, LifetimeTooLongIsForEver) {
    EXPECT_EQ(lifetime_of(0, 0, kMost), kForever);
    EXPECT_EQ(lifetime_of(kForever, 0, 0), kForever);
    EXPECT_EQ(lifetime_of(kForever, kMost, kMost), kForever);
    // The longest that fits, and one microsecond more.
    const std::int32_t days = static_cast<std::int32_t>(kForever / kDay);
    const std::int64_t rest = kForever % kDay;
    EXPECT_EQ(lifetime_of(rest - 1, days, 0), kForever - 1);
    EXPECT_EQ(lifetime_of(rest, days, 0), kForever);
    EXPECT_EQ(lifetime_of(rest + 1, days, 0), kForever);
}

// Stored by hand only: what lives for less than no time has expired.
TEST(Policies, NegativeLifetimeIsNone) {
    EXPECT_EQ(lifetime_of(-1, 0, 0), 0);
    EXPECT_EQ(lifetime_of(0, -31, 1), 0);
    EXPECT_EQ(lifetime_of(std::numeric_limits<std::int64_t>::min(), kLeast, kLeast), 0);
    EXPECT_EQ(lifetime_of(0, 0, kLeast), 0);
}

TEST(Policies, EndOfLife) {
    EXPECT_EQ(end_of_life(100, 20), 120);
    EXPECT_EQ(end_of_life(-100, 20), -80);
    EXPECT_EQ(end_of_life(100, 0), 100);
    EXPECT_EQ(end_of_life(100, kForever), kNever);
    EXPECT_EQ(end_of_life(-100, kForever), kNever);
    EXPECT_EQ(end_of_life(kAlways, kForever), kNever);
    EXPECT_EQ(end_of_life(kNever - 20, 19), kNever - 1);
    EXPECT_EQ(end_of_life(kNever - 20, 20), kNever);
    EXPECT_EQ(end_of_life(kNever - 20, 21), kNever);
    EXPECT_EQ(end_of_life(kNever, 1), kNever);
}

TEST(Policies, ByDefaultNothingExpires) {
    const Limits limits;
    EXPECT_EQ(limits.session_end(0), kNever);
    EXPECT_FALSE(limits.session_end(kAlways + 1) <= kNever - 1);
    EXPECT_EQ(limits.cutoff(0), kAlways);
    EXPECT_FALSE(limits.clearly_overrun(std::numeric_limits<std::int64_t>::max()));
}

TEST(Policies, SessionEndsWithTheShorterOfTtlAndIdleTimeout) {
    Limits limits;
    limits.ttl = 100;
    EXPECT_EQ(limits.session_end(1000), 1100);
    limits.idle_timeout = 30;
    EXPECT_EQ(limits.session_end(1000), 1030);
    limits.idle_timeout = 300;
    EXPECT_EQ(limits.session_end(1000), 1100);
    limits.ttl = kForever;
    EXPECT_EQ(limits.session_end(1000), 1300);
    EXPECT_FALSE(limits.session_end(1000) <= 1299);
    EXPECT_TRUE(limits.session_end(1000) <= 1300);
    EXPECT_TRUE(limits.session_end(1000) <= 1301);
}

TEST(Policies, AnEndedSessionIsReadableForItsTtl) {
    Limits limits;
    limits.ttl = 100;
    limits.idle_timeout = 30;
    EXPECT_EQ(limits.session_end(1000, false), 1030);
    EXPECT_EQ(limits.session_end(1000, true), 1100);
    limits.ttl = kForever;
    EXPECT_EQ(limits.session_end(1000, true), kNever);
}

TEST(Policies, NothingLivesWithoutALifetime) {
    const Limits limits = with_ttl(0);
    EXPECT_TRUE(limits.session_end(1000) <= 1000);
    EXPECT_EQ(limits.cutoff(1000), 1000);
}

// Reads compare created_at with the cutoff, the SQL helpers the end of life with the clock.
TEST(Policies, CutoffAndEndOfLifeAgree) {
    const std::vector<Time> times = {
        kAlways + 1, kAlways + 2, kAlways + kDay, -kDay,         -1,         0,         1,
        kSecond,     kDay,        kDay + 1,       kNever - kDay, kNever - 2, kNever - 1};
    const std::vector<Lifetime> lifetimes = {
        0, 1, 2, kSecond, kDay, kDay + 1, kNever / 2, kForever - 2, kForever - 1, kForever};
    for (const Lifetime ttl : lifetimes) {
        const Limits limits = with_ttl(ttl);
        for (const Time now : times) {
            for (const Time start : times) {
                EXPECT_EQ(start <= limits.cutoff(now), end_of_life(start, ttl) <= now)
                    << "start " << start << " ttl " << ttl << " now " << now;
            }
        }
    }
}

TEST(Policies, CutoffBeforeAllTimesIsNone) {
    EXPECT_EQ(with_ttl(kForever - 1).cutoff(kAlways + 5), kAlways);
    EXPECT_EQ(with_ttl(10).cutoff(kAlways + 10), kAlways);
    EXPECT_EQ(with_ttl(10).cutoff(kAlways + 11), kAlways + 1);
}

TEST(Policies, InUseForAMinuteAndWhatAReadMayHaveLeftUnnoted) {
    constexpr core::Lifetime kMinute = 60'000'000;
    Limits limits;
    EXPECT_TRUE(limits.in_use(100, 100));
    EXPECT_TRUE(limits.in_use(100, 100 + kMinute - 1));
    EXPECT_FALSE(limits.in_use(100, 100 + kMinute));
    limits.idle_timeout = 32 * kMinute;
    EXPECT_EQ(limits.touch_interval(), 2 * kMinute);
    EXPECT_TRUE(limits.in_use(100, 100 + 3 * kMinute - 1));
    EXPECT_FALSE(limits.in_use(100, 100 + 3 * kMinute));
    // At the end of times.
    limits.idle_timeout = kMost;
    EXPECT_TRUE(limits.in_use(kMost, kMost));
}

TEST(Policies, OverrunByMoreThanAQuarter) {
    Limits limits;
    limits.max_interactions = 100;
    EXPECT_FALSE(limits.clearly_overrun(0));
    EXPECT_FALSE(limits.clearly_overrun(100));
    EXPECT_FALSE(limits.clearly_overrun(125));
    EXPECT_TRUE(limits.clearly_overrun(126));
    // A small one by more than sixteen.
    limits.max_interactions = 1;
    EXPECT_FALSE(limits.clearly_overrun(17));
    EXPECT_TRUE(limits.clearly_overrun(18));
    limits.max_interactions = kMost;
    EXPECT_FALSE(limits.clearly_overrun(kMost));
    EXPECT_TRUE(limits.clearly_overrun(std::numeric_limits<std::int64_t>::max()));
}

}  // namespace
}  // namespace sm::test
