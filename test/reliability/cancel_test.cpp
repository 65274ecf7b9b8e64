// Calls of all kinds, cancelled by real signals at random moments: each either did all of its work
// or changed nothing, the connection goes on, and nothing stays locked.
#include <atomic>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include "length.hpp"
#include "server.hpp"

using namespace sm_test;

namespace {

class CancelTest : public OnServer {};

/// $s stands for a session, $u for its user.
const std::vector<std::string> kCalls = {
    "sm_add('$s', 'q', 'a', user_id => '$u')",
    "sm_add('$s', 'q', 'a', user_id => '$u', idempotency_key => 'k')",
    "sm_append('$s', (SELECT jsonb_agg(jsonb_build_object('n', n)) FROM generate_series(1, 500) AS "
    "n), '$u')",
    "sm_append('$s', (SELECT jsonb_agg(jsonb_build_object('timestamp', '2001-02-03T04:05:06Z'))"
    " FROM generate_series(1, 100) AS n), '$u')",
    "sm_context('$s', 500)",
    "sm_prompt('$s', 500)",
    "sm_find('{\"n\": 7}')",
    "sm_pop('$s', 20)",
    "sm_clear('$s')",
    "sm_prune()",
    "sm_prune('1 microsecond', '$s')",
    "sm_create_session('$s', '$u', idle_timeout => '1 hour', metadata => '{\"a\": 1}')",
    "sm_set_state('$s', '{\"a\": 1}')",
    "sm_set_summary('$s', 'So far.', 1)",
    "sm_claim_summaries()",
    "sm_end_session('$s')",
    "sm_save_artifact('$s', 'model', 'm', jsonb_build_object('path', '/' || random()))",
    "sm_delete_artifact('$s', 'model', 'm')",
    "sm_claim_orphans()",
    "sm_set_profile('$u', jsonb_build_object('at', random()))",
    "sm_record_event('$u', 'booking', '{\"city\": \"Porto\"}', satisfaction => 0.9)",
    "sm_personalization('$u')",
    "sm_forget_user('$u', '$u')",
    "sm_backup('why', '$u')",
    "sm_restore((SELECT max(b.backup_id) FROM sm_backups() AS b))",
    "sm_delete_backup((SELECT min(b.backup_id) FROM sm_backups() AS b))",
    "sm_export('$u')",
    "sm_import((SELECT jsonb_agg(l) FROM sm_export('$u') AS l))",
    "sm_clear_all('YES')",
};

/// An expression for all that is stored.
std::string content(Session *session) {
    return session->value<std::string>(
        "SELECT 'SELECT concat(' || string_agg(format('(SELECT md5(string_agg(t::text, %L ORDER BY"
        " t::text)) FROM %s AS t)', ' ', table_oid::regclass), ', ') || ')' FROM pg_extension,"
        " unnest(extconfig) AS table_oid WHERE extname = 'session_memory'");
}

TEST_P(CancelTest, EachCallIsDoneOrWasNever) {
    Database database(GetParam());
    database.set("session_memory.worker", "off");
    Session other = database.connect();
    auto session = std::make_unique<Session>(GetParam(), database.name());
    const int pid = session->backend_pid();
    const auto started = other.value<std::string>("SELECT pg_postmaster_start_time()");
    const std::string all = content(&other);

    std::atomic<bool> over{false}, calling{false};
    std::thread canceller([&] {
        Session by = database.connect();
        std::minstd_rand random(2);
        while (!over) {
            if (!calling) {
                std::this_thread::yield();
                continue;
            }
            // 20 milliseconds at most, and mostly far less.
            const double share = static_cast<double>(random()) / std::minstd_rand::max();
            std::this_thread::sleep_for(
                std::chrono::microseconds(static_cast<int>(20'000 * share * share * share)));
            if (random() % 8 == 0)
                session->connection().cancel_query();
            else
                by.run("SELECT pg_cancel_backend($1)", pid);
        }
    });

    // However slow the machine is, there is something to judge.
    const auto now = [] { return std::chrono::steady_clock::now(); };
    const auto end = now() + length<Milliseconds>(3s, 60s), limit = end + 60s;
    std::minstd_rand random(1);
    std::map<std::string, int> outcomes;
    std::string before = other.value<std::string>(all);
    while (now() < limit && (now() < end || outcomes[""] < 20 || outcomes["57014"] < 20)) {
        const auto number = random() % 4;
        std::string call = kCalls[random() % kCalls.size()];
        call = replaced(call, "$s", "s" + std::to_string(number));
        call = replaced(call, "$u", "u" + std::to_string(number % 2));
        calling = true;
        const std::string state = session->sqlstate("SELECT count(x) FROM " + call + " AS x");
        calling = false;
        ++outcomes[state];
        const auto after = other.value<std::string>(all);
        if (!state.empty() && after != before) {
            ADD_FAILURE() << call << " changed something and then failed with " << state;
            break;
        }
        before = after;
    }
    over = true;
    canceller.join();

    int calls = 0;
    for (const auto &[state, times] : outcomes) {
        calls += times;
        // Ended sessions, those that are there already, and what is not there.
        EXPECT_TRUE(state.empty() || state == "57014" || state == "55000" || state == "23505" ||
                    state == "22004" || state == "22023" || state == "P0002")
            << state << ", " << times << " times";
    }
    EXPECT_GE(outcomes[""], 20);
    EXPECT_GE(outcomes["57014"], 20);
    std::cout << "figure: " << calls << " calls, " << outcomes["57014"] << " cancelled\n";

    // The last signal may be on its way.
    EXPECT_TRUE(eventually(
        [&] { return session->sqlstate("SELECT sm_add('afterwards', 'q', 'a')").empty(); }));
    EXPECT_EQ(session->backend_pid(), pid);
    EXPECT_EQ(other.value<int>("SELECT count(*) FROM pg_locks WHERE pid = $1", pid), 0);
    EXPECT_EQ(other.value<std::string>("SELECT pg_postmaster_start_time()"), started);
    EXPECT_TRUE(database.counters_exact());
}

SM_ON_BOTH_SERVERS(CancelTest);

}  // namespace
