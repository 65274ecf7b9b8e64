// Failures inside of us: at every point of every kind of call an error, a failed allocation, a
// cancel and a SIGTERM. The call changes nothing, the server and other connections go on, nothing
// stays locked or open, and the next call works.
//
// It needs the module built with the seam (pg/fault.hpp): SM_FAULTS_MODULE is the path to it.
#include <cstdlib>
#include <string>
#include <vector>

#include "server.hpp"

using namespace sm_test;

namespace {

/// Notes what the server warns of: resources that were not given back, for one.
class Warnings : public pqxx::errorhandler {
  public:
    explicit Warnings(pqxx::connection &connection) : pqxx::errorhandler(connection) {}
    bool operator()(char const text[]) noexcept override {
        if (std::string_view(text).find("WARNING") != std::string_view::npos) ++count;
        return false;
    }
    int count = 0;
};

struct Call {
    const char *name;
    const char *prepare;  ///< makes what the call needs
    const char *call;
};

const Call kCalls[] = {
    {"sm_add", "", "SELECT sm_add('new', 'q', 'a', user_id => 'ann')"},
    {"sm_add to a session", "SELECT sm_add('s', 'q', 'a')", "SELECT sm_add('s', 'q', 'a')"},
    {"sm_add with a key", "SELECT sm_add('k', 'q', 'a', idempotency_key => 'one')",
     "SELECT sm_add('k', 'q', 'a', idempotency_key => 'two')"},
    {"sm_add that begins anew",
     "SELECT sm_add('old', 'q', 'a', user_id => 'ann');"
     " UPDATE sm_session SET last_activity_at = now() - interval '9 days' WHERE session_id = 'old'",
     "SELECT sm_add('old', 'q', 'a')"},
    {"sm_append", "", "SELECT sm_append('many', '[{\"query\": 1}, {\"query\": 2}]')"},
    {"sm_context", "SELECT sm_append('read', '[{\"query\": 1}, {\"query\": 2}]')",
     "SELECT sm_context('read')"},
    {"sm_messages", "SELECT sm_append('read', '[{\"query\": 1}]')",
     "SELECT sm_messages('read', 5, 100)"},
    {"sm_history", "SELECT sm_append('read', '[{\"query\": 1}]')", "SELECT sm_history('read')"},
    {"sm_prompt", "SELECT sm_set_state('read', '{\"a\": 1}')", "SELECT sm_prompt('read')"},
    {"sm_pop", "SELECT sm_append('pop', '[{\"query\": 1}, {\"query\": 2}]')",
     "SELECT sm_pop('pop')"},
    {"sm_clear", "SELECT sm_add('clear', 'q', 'a', user_id => 'ann')", "SELECT sm_clear('clear')"},
    {"sm_prune",
     "SELECT sm_add('prune', 'q', 'a', created_at => now() - interval '9 days', user_id => 'ann')",
     "SELECT sm_prune()"},
    {"sm_set_state", "", "SELECT sm_set_state('state', '{\"a\": 1}')"},
    {"sm_touch", "SELECT sm_create_session('slides', idle_timeout => '1 hour')",
     "SELECT sm_touch('slides')"},
    {"sm_set_summary", "SELECT sm_add('sum', 'q', 'a')", "SELECT sm_set_summary('sum', 's', 1)"},
    {"sm_end_session", "SELECT sm_add('end', 'q', 'a', user_id => 'ann')",
     "SELECT sm_end_session('end')"},
};

constexpr const char *kContent =
    "SELECT pg_catalog.md5(pg_catalog.concat("
    "(SELECT pg_catalog.string_agg(s::text, ' ' ORDER BY session_id) FROM sm_session AS s),"
    "(SELECT pg_catalog.string_agg(m::text, ' ' ORDER BY session_id, seq) FROM session_memory AS "
    "m),"
    "(SELECT pg_catalog.string_agg(d::text, ' ' ORDER BY session_id) FROM sm_session_data AS d),"
    "(SELECT pg_catalog.string_agg(a::text, ' ' ORDER BY a::text) FROM sm_activity AS a)))";

// What others hold here.
constexpr const char *kLocks =
    "SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid) WHERE a.datname ="
    " current_database() AND pid <> pg_backend_pid() AND l.locktype <> 'virtualxid'";

class FaultTest : public ::testing::TestWithParam<const char *> {
  protected:
    void SetUp() override {
        if (!available(Server::kPlain)) GTEST_SKIP() << "no server";
        if (std::getenv("SM_FAULTS_MODULE") == nullptr) GTEST_SKIP() << "no module with faults";
    }
};

struct Kind {
    const char *fault;
    const char *sqlstate;
};
constexpr Kind kKinds[] = {
    {"error", "XX000"}, {"out_of_memory", "53200"}, {"cancel", "57014"}, {"terminate", "57P01"}};

TEST_P(FaultTest, AtEveryPointOfEveryCall) {
    Database database(Server::kPlain);
    database.set("session_memory.worker", "off");
    database.set("session_memory.access_path", GetParam());
    {
        Session owner = database.connect();
        owner.run("UPDATE pg_proc SET probin = $1 WHERE probin = '$libdir/session_memory'",
                  std::getenv("SM_FAULTS_MODULE"));
    }
    Session other = database.connect();
    other.run("SELECT sm_add('other', 'q', 'a')");
    const auto started = other.value<std::string>("SELECT pg_postmaster_start_time()");
    int faults = 0;
    for (const Call &call : kCalls) {
        if (*call.prepare != '\0') other.run(call.prepare);
        const auto before = other.value<std::string>(kContent);
        for (const Kind &kind : kKinds) {
            SCOPED_TRACE(std::string(call.name) + ", " + kind.fault);
            auto session = std::make_unique<Session>(Server::kPlain, database.name());
            auto warnings = std::make_unique<Warnings>(session->connection());
            for (int at = 1;; ++at) {
                session->run("BEGIN");
                session->run("SELECT set_config('session_memory.fault', $1, false)", kind.fault);
                session->run("SELECT set_config('session_memory.fault_at', $1, false)", at);
                std::string state;
                bool lost = false;
                try {
                    state = session->sqlstate(call.call);
                } catch (const pqxx::broken_connection &) {
                    lost = true;
                }
                if (state.empty() && !lost) {
                    // Fewer points than this; not a fault that somebody kept to themselves.
                    ASSERT_EQ(session->value<int>("SHOW session_memory.fault_at"), at);
                    session->run("ROLLBACK");
                    ASSERT_GT(at, 1) << "no point at all";
                    break;
                }
                ++faults;
                if (lost || state == "57P01") {
                    ASSERT_STREQ(kind.fault, "terminate");
                    warnings.reset();
                    session = std::make_unique<Session>(Server::kPlain, database.name());
                    warnings = std::make_unique<Warnings>(session->connection());
                } else {
                    ASSERT_EQ(state, kind.sqlstate);
                    session->run("ROLLBACK");
                }
                ASSERT_EQ(other.value<std::string>(kContent), before);
                // A process that is terminated has told so before it is gone.
                ASSERT_TRUE(eventually([&] { return other.value<int>(kLocks) == 0; }));
            }
            ASSERT_EQ(warnings->count, 0);
        }
        EXPECT_EQ(other.sqlstate(call.call), "") << call.name;
    }
    EXPECT_EQ(other.value<std::string>("SELECT pg_postmaster_start_time()"), started);
    RecordProperty("faults", faults);
    EXPECT_GT(faults, 300);
    EXPECT_TRUE(database.counters_exact());
}

INSTANTIATE_TEST_SUITE_P(Paths, FaultTest, ::testing::Values("sql", "direct"),
                         [](const auto &info) { return std::string(info.param); });

}  // namespace
