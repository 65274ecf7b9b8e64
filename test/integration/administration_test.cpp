// Administration while conversations go on: adding, forgetting, clearing all, backing up, restoring,
// exporting and importing at once. Nobody deadlocks, and whatever came out of it is whole.
#include <array>
#include <random>
#include <set>

#include "server.hpp"

using namespace sm_test;

namespace {

class AdministrationTest : public OnServer {};

constexpr int kConnections = 8;

// $1 the number of a session, $2 that of its user.
constexpr std::array kConversation = {
    "SELECT sm_add('s' || $1::text, 'q', 'a', '{\"sources\": [\"e\"]}', user_id => 'u' || "
    "$2::text)",
    "SELECT sm_append('s' || $1::text, '[{\"n\": 1}, {\"n\": 2}]', 'u' || $2::text)",
    "SELECT sm_set_state('s' || $1::text, '{\"a\": 1}') WHERE $2 <> ''",
    "SELECT sm_pop('s' || $1::text) WHERE $2 <> ''",
    "SELECT sm_clear('s' || $1::text) WHERE $2 = '0'",
    "SELECT sm_record_event('u' || $2::text, 'booking', '{\"city\": \"Rome\"}') WHERE $1 <> ''",
    "SELECT sm_set_profile('u' || $2::text, '{\"name\": \"U\"}') WHERE $1 <> ''",
    "SELECT sm_save_artifact('s' || $1::text, 'model', 'm', '{\"path\": \"/m\"}') WHERE $2 <> ''",
};

constexpr std::array kAdministration = {
    "SELECT sm_forget_user('u' || $2::text, 'u' || $2::text) WHERE $1 <> ''",
    "SELECT sm_forget_user('u' || $2::text, 'u' || $2::text, false) WHERE $1 <> ''",
    "SELECT sm_clear_all('YES') WHERE $1 <> $2",
    "SELECT sm_backup('whole') WHERE $1 <> '' AND $2 <> ''",
    "SELECT sm_backup('of a user', 'u' || $2::text) WHERE $1 <> ''",
    "SELECT sm_restore((SELECT min(backup_id) FROM sm_backups())) WHERE $1 <> '' AND $2 <> ''",
    "SELECT sm_restore((SELECT max(backup_id) FROM sm_backups()), 'u' || $2::text) WHERE $1 <> ''",
    "SELECT sm_restore((SELECT max(backup_id) FROM sm_backups()), session_id => 's' || $1::text)"
    " WHERE $2 <> ''",
    "SELECT sm_import((SELECT jsonb_agg(l) FROM sm_export('u' || $2::text) AS l)) WHERE $1 <> ''",
    "SELECT sm_delete_backup((SELECT min(backup_id) FROM sm_backups() OFFSET 3)) WHERE $1 = $2",
    "SELECT count(*) FROM sm_users() WHERE $1 <> '' AND $2 <> ''",
};

// What the documentation names: nothing of the user to back up, a backup that was deleted meanwhile or
// never made.
const std::set<std::string> kAllowed = {"", "P0002", "22004"};

void work_for(const Database &database, Milliseconds time, int worker) {
    std::minstd_rand random(static_cast<unsigned>(worker) + 1);
    const auto any = [&](std::size_t below) { return random() % below; };
    Session session = database.connect();
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
        const auto id = any(6);
        const char *call = worker % 4 == 0 ? kAdministration[any(kAdministration.size())]
                                           : kConversation[any(kConversation.size())];
        EXPECT_TRUE(
            kAllowed.contains(session.sqlstate(call, std::to_string(id), std::to_string(id % 3))))
            << call << ": " << session.sqlstate(call, std::to_string(id), std::to_string(id % 3));
    }
}

TEST_P(AdministrationTest, WholeWhateverHappened) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    in_parallel(kConnections, [&](int worker) { work_for(database, 3s, worker); });
    EXPECT_TRUE(database.counters_exact());
    EXPECT_TRUE(database.no_deadlock());
    Session session = database.connect();
    EXPECT_EQ(session.value<int>(
                  "SELECT count(*) FROM (SELECT session_id FROM session_memory UNION ALL"
                  " SELECT session_id FROM sm_session_data UNION ALL SELECT session_id FROM"
                  " sm_artifact) AS p WHERE session_id NOT IN (SELECT session_id FROM sm_session)"),
              0)
        << "rows without their session";
    EXPECT_EQ(session.value<int>("SELECT count(*) FROM sm_event AS e JOIN sm_profile AS p"
                                 " USING (user_id) WHERE e.event_id > p.last_event_id"),
              0)
        << "events that the next one would meet";
    // Every backup that is left can be restored.
    EXPECT_EQ(session.sqlstate("SELECT sm_restore(backup_id) FROM sm_backups()"), "");
    EXPECT_TRUE(database.counters_exact());
    EXPECT_EQ(
        session.value<std::string>("SELECT coalesce(max(last_error), '') FROM sm_worker_status"),
        "");
}

SM_ON_BOTH_SERVERS(AdministrationTest);

}  // namespace
