// Many connections recording events of one user: numbers without a gap, each learned exactly once.
#include <set>
#include <vector>

#include "server.hpp"

using namespace sm_test;

namespace {

class EventsTest : public OnServer {};

TEST_P(EventsTest, SixteenConnectionsOneUser) {
    constexpr int kConnections = 16, kEach = 41;
    Database database(GetParam());
    std::vector<std::vector<std::int64_t>> ids(kConnections);
    in_parallel(kConnections, [&](int writer) {
        Session session = database.connect();
        for (int i = 0; i < kEach; ++i) {
            session.run("BEGIN");
            const auto id = session.value<std::int64_t>(
                "SELECT sm_record_event('ann', 'booking', jsonb_build_object('city', 'city ' || "
                "$1, "
                "'price_per_night', $2::int, 'check_in_date', '2026-05-01', 'check_out_date', "
                "'2026-05-03'), satisfaction => 1)",
                writer % 4, i);
            const bool undo = (writer + i) % 5 == 0;
            session.run(undo ? "ROLLBACK" : "COMMIT");
            if (!undo) ids[writer].push_back(id);
        }
    });
    std::set<std::int64_t> all;
    size_t recorded = 0;
    for (const auto &of_one : ids) {
        all.insert(of_one.begin(), of_one.end());
        recorded += of_one.size();
    }
    EXPECT_EQ(all.size(), recorded);
    EXPECT_EQ(*all.begin(), 1);
    EXPECT_EQ(*all.rbegin(), static_cast<std::int64_t>(recorded));
    Session session = database.connect();
    EXPECT_EQ(session.value<std::int64_t>("SELECT last_event_id FROM sm_profile"),
              static_cast<std::int64_t>(recorded));
    EXPECT_EQ(session.value<std::int64_t>("SELECT learned_through FROM sm_profile"),
              static_cast<std::int64_t>(recorded / 64 * 64));
    EXPECT_EQ(
        session.value<std::int64_t>("SELECT (sm_insights('ann') ->> 'booking_count')::bigint"),
        static_cast<std::int64_t>(recorded));
    // What is stored is what the events up to there say.
    EXPECT_EQ(
        session.value<int>(
            "SELECT count(*) FROM (SELECT value, events FROM sm_learned WHERE attribute = 'city')"
            " AS l FULL JOIN (SELECT data ->> 'city' AS value, count(*) AS events FROM sm_event"
            " WHERE event_id <= (SELECT learned_through FROM sm_profile) GROUP BY 1) AS e"
            " USING (value, events) WHERE l IS NULL OR e IS NULL"),
        0);
    EXPECT_TRUE(session.value<bool>(
        "SELECT sm_preferences('ann') -> 'preferred_price_range' = (SELECT "
        "jsonb_build_object('min', "
        "q[1], 'max', q[2]) FROM (SELECT percentile_cont(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY "
        "(data ->> 'price_per_night')::float8) AS q FROM sm_event) AS x)"));
    const auto before = session.value<std::string>("SELECT sm_insights('ann')::text");
    session.run("SELECT _sm_relearn('ann')");
    EXPECT_EQ(session.value<std::string>("SELECT sm_insights('ann')::text"), before);
}

// Users come and go while others prune: no event without its profile, and no deadlock.
TEST_P(EventsTest, RecordingWhilePruning) {
    constexpr int kConnections = 8, kEach = 60;
    Database database(GetParam());
    in_parallel(kConnections, [&](int mine) {
        Session session = database.connect();
        for (int i = 0; i < kEach; ++i) {
            if (mine == 0)
                session.run("SELECT sm_prune_profiles()");
            else
                session.run(
                    "SELECT sm_record_event('user ' || $1, 'visit', '{\"city\": \"Rome\"}',"
                    " clock_timestamp() - $2 * interval '500 days'), sm_set_profile('own ' || $3, "
                    "'{}')",
                    i % 7, i % 2, mine);
        }
    });
    Session session = database.connect();
    EXPECT_EQ(session.value<int>("SELECT count(*) FROM sm_event AS e WHERE NOT EXISTS (SELECT FROM "
                                 "sm_profile AS p WHERE p.user_id = e.user_id)"),
              0);
    EXPECT_EQ(
        session.value<int>("SELECT count(*) FROM sm_profile AS p WHERE last_event_id <> (SELECT "
                           "count(*) FROM sm_event AS e WHERE e.user_id = p.user_id)"),
        0);
    EXPECT_EQ(session.value<int>("SELECT count(*) FROM sm_profile WHERE user_id LIKE 'own %'"),
              kConnections - 1);
    EXPECT_TRUE(database.no_deadlock());
}

SM_ON_BOTH_SERVERS(EventsTest);

}  // namespace
