// Everything that changes something, at once, for a while, over few sessions and few users: nobody
// ever meets a deadlock, neither a client nor the janitor.
#include <atomic>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string_view>

#include "length.hpp"
#include "server.hpp"

using namespace sm_test;

namespace {

class DeadlockTest : public OnServer {};

constexpr int kPruners = 4, kAdders = 16, kChangers = 8;

/// What a client calls. $1 is a session, $2 its user, $3 a number below 100.
struct Call {
    const char *function;  // without it in the catalogue, the call is left out
    const char *sql;
};

constexpr const char *kUses = " WHERE $1::text <> '' AND $2::text <> '' AND $3::int >= 0";

const std::vector<Call> kAdds = {
    {"sm_add", "SELECT sm_add($1, 'q', repeat('a', $3::int), user_id => $2)"},
    {"sm_add", "SELECT sm_add($1, $2, 'a', idempotency_key => ($3::int % 7)::text)"},
    {"sm_add",
     "SELECT sm_add($1, $2, 'old', created_at => clock_timestamp()"
     " - make_interval(secs => $3::int / 100.0))"},
    {"sm_add_message", "SELECT sm_add_message($1, 'user', 'm' || $3::int, user_id => $2)"},
    {"sm_append",
     "SELECT sm_append($1, (SELECT jsonb_agg(jsonb_build_object('n', n))"
     " FROM generate_series(0, $3::int % 20) AS n), $2)"},
};

const std::vector<Call> kPrunings = {
    {"sm_prune", "SELECT sm_prune()"},
    {"sm_prune", "SELECT sm_prune(session_id => $1)"},
    {"sm_prune", "SELECT sm_prune(older_than => make_interval(secs => 0.01 + $3::int / 50.0))"},
    {"sm_prune_profiles", "SELECT sm_prune_profiles(make_interval(secs => 0.01 + $3::int / 50.0))"},
    {"sm_clear_all", "SELECT sm_clear_all(CASE $3::int % 10 WHEN 0 THEN 'YES' END)"},
};

const std::vector<Call> kChanges = {
    {"sm_create_session", "SELECT sm_create_session($1, $2, max_interactions => 1 + $3::int)"},
    {"sm_configure_session",
     "SELECT sm_configure_session($1, ttl => make_interval(secs => 0.05 + $3::int / 100.0))"},
    {"sm_touch", "SELECT sm_touch($1)"},
    {"sm_context", "SELECT sm_context($1)"},
    {"sm_prompt", "SELECT sm_prompt($1)"},
    {"sm_pop", "SELECT sm_pop($1, $3::int % 5)"},
    {"sm_clear", "SELECT sm_clear($1)"},
    {"sm_set_state", "SELECT sm_set_state($1, jsonb_build_object('k' || $3::int % 9, $3::int))"},
    {"sm_claim_summaries", "SELECT sm_claim_summaries(1 + $3::int % 4, '10 milliseconds')"},
    {"sm_set_summary",
     "SELECT sm_set_summary($1, 'so far', (SELECT s.last_seq FROM sm_session AS s"
     " WHERE s.session_id = $1))"},
    {"sm_end_session", "SELECT sm_end_session($1)"},
    {"sm_set_profile",
     "SELECT sm_set_profile($2, jsonb_build_object('k' || $3::int % 9, $3::int))"},
    {"sm_record_event",
     "SELECT sm_record_event($2, 'booking', jsonb_build_object('city', 'c' ||"
     " $3::int % 5), satisfaction => 0.9, session_id => $1)"},
    {"sm_personalization", "SELECT sm_personalization($2)"},
    {"sm_forget_user", "SELECT sm_forget_user($2, CASE WHEN $3::int % 2 = 0 THEN $2 END)"},
    {"sm_save_artifact",
     "SELECT sm_save_artifact($1, 'k', 'n' || $3::int % 5, '{\"uri\": \"u\"}')"},
    {"sm_delete_artifact", "SELECT sm_delete_artifact($1, 'k', 'n' || $3::int % 5)"},
    {"sm_claim_orphans", "SELECT sm_claim_orphans(1 + $3::int % 9)"},
    {"sm_backup", "SELECT sm_backup('test', $2) WHERE $3::int % 4 = 0"},
    {"sm_restore",
     "SELECT sm_restore((SELECT max(b.backup_id) FROM sm_backups() AS b), $2)"
     " WHERE $3::int % 4 = 0"},
};

/// What is there of the calls, made to use all parameters; says once what is left out.
std::vector<std::string> present(Session *session, const std::vector<Call> &calls) {
    static std::set<std::string> said;
    std::vector<std::string> found;
    for (const auto &[function, sql] : calls) {
        const bool there = session->value<bool>(
            "SELECT count(*) > 0 FROM pg_proc AS f JOIN pg_depend AS d ON d.classid ="
            " 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e' WHERE f.proname = $1",
            function);
        if (there)
            found.push_back("SELECT (" + std::string(sql) + " LIMIT 1) IS NULL" + kUses);
        else if (said.insert(function).second)
            std::cout << "skipped: deadlocks: there is no " << function << " yet\n";
    }
    return found;
}

/// The calls and their outcomes.
class Tally {
  public:
    void add(const std::string &sql, const std::string &state) {
        const std::lock_guard lock(mutex_);
        ++calls_;
        if (state.empty()) ++succeeded_[sql];
        // Deadlocks, failures of the server, of us, and of the test.
        for (const std::string_view bad : {"40P01", "XX", "08", "57", "53", "42"})
            if (state.substr(0, bad.size()) == bad) failures_[state + " from " + sql]++;
    }

    int calls() const { return calls_; }

    void expect_no_failure() const {
        for (const auto &[failure, times] : failures_)
            ADD_FAILURE() << times << " times " << failure;
    }

    void expect_success_of(const std::vector<std::string> &calls) const {
        for (const std::string &sql : calls)
            EXPECT_TRUE(succeeded_.contains(sql)) << "never succeeded: " << sql;
    }

  private:
    std::mutex mutex_;
    std::atomic<int> calls_{0};
    std::map<std::string, int> succeeded_;
    std::map<std::string, int> failures_;
};

void call_for(const Database &database, Milliseconds time, int seed,
              const std::vector<std::string> &calls, Tally *tally) {
    std::minstd_rand random(static_cast<unsigned>(seed) + 1);
    const auto any = [&](size_t below) { return random() % below; };
    Session session = database.connect();
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
        const size_t id = any(12);
        const std::string &sql = calls[any(calls.size())];
        // Now and then several adds to one session in a transaction. Who changes more than one session
        // in a transaction chooses an order of locks, and deadlocks with others are a choice, too.
        const bool transaction = seed >= kPruners && seed < kPruners + kAdders && any(4) == 0;
        if (transaction) session.run("BEGIN");
        for (size_t i = transaction ? any(4) : 1; i > 0; --i)
            tally->add(sql,
                       session.sqlstate(sql, "s" + std::to_string(id), "u" + std::to_string(id % 4),
                                        static_cast<int>(any(100))));
        if (transaction) session.run(any(3) == 0 ? "ROLLBACK" : "COMMIT");
    }
}

TEST_P(DeadlockTest, NeverAmongAllThatChangesSomething) {
    Database database(GetParam());
    for (const auto &[setting, value] :
         std::map<std::string, std::string>{{"nap_time", "200ms"},
                                            {"ttl", "400ms"},
                                            {"batch_size", "20"},
                                            {"summary_interval", "3"}})
        database.set("session_memory." + setting, value);
    std::vector<std::string> prunings, adds, changes;
    {
        Session session = database.connect();
        prunings = present(&session, kPrunings);
        adds = present(&session, kAdds);
        changes = present(&session, kChanges);
    }
    Tally tally;
    in_parallel(kPruners + kAdders + kChangers, [&](int number) {
        call_for(database, length(5s, 60s), number,
                 number < kPruners             ? prunings
                 : number < kPruners + kAdders ? adds
                                               : changes,
                 &tally);
    });
    tally.expect_no_failure();
    if (at_length())
        for (const auto *calls : {&prunings, &adds, &changes}) tally.expect_success_of(*calls);
    EXPECT_TRUE(database.counters_exact());
    EXPECT_EQ(database.connect().value<int>(
                  "SELECT count(*) FROM sm_worker_status WHERE last_error LIKE '%deadlock%'"),
              0);
    EXPECT_TRUE(database.no_deadlock());
    std::cout << "figure: " << kPruners << " pruners, " << kAdders << " adders, " << kChangers
              << " others, " << tally.calls() << " calls\n";
}

SM_ON_BOTH_SERVERS(DeadlockTest);

}  // namespace
