// Nobody sees another's: what each function returns and changes is what its caller may see and
// change with plain SQL. Every function of the catalogue, with each of the ways to have privileges.
//
// The oracle of row-level security is a second database that holds one user's data and nothing
// else: bound to that user, a function must do in the full database what it does there unbound.
#include <map>
#include <set>

#include "access_calls.hpp"
#include "server.hpp"

using namespace sm_test;

namespace {

/// What a call came to: its rows as text or its SQLSTATE, and what all tables hold afterwards.
struct Outcome {
    std::string result;
    std::string after;
    bool operator==(const Outcome &) const = default;
};

void PrintTo(const Outcome &outcome, std::ostream *out) {
    *out << outcome.result << "\nthen\n" << outcome.after;
}

bool is_sqlstate(const std::string &result) {
    return result.starts_with("ERROR ");
}

const std::string kDenied = "ERROR 42501";

constexpr const char *kReadPaths[] = {"sql", "direct"};

/// A database with the users' data and a role of its own, which has nothing.
class Memory {
  public:
    explicit Memory(Server server, const std::vector<std::string> &users, const char *path)
        : database_(server), role_(database_.name() + "_role"), path_(path) {
        database_.set("session_memory.worker", "off");
        Session session = connect();
        for (const std::string &user : users) session.run(replaced(kAccessData, "$", user));
        session.run("SELECT sm_backup('kept', $1)", users.back());
        session.run("CREATE ROLE " + role_);
        session.run(kAccessProbes);
    }
    ~Memory() {
        Session session = connect();
        session.run("DROP OWNED BY " + role_ + " CASCADE");
        session.run("DROP ROLE " + role_);
    }

    Session connect() const {
        return database_.connect(std::string("-c session_memory.access_path=") + path_);
    }
    const std::string &role() const { return role_; }

    /// Calls, looks what is stored, and undoes it all. As ourselves where there is no role.
    static Outcome outcome(Session &session, const std::string &role, const std::string &call,
                           const std::string &of_whom = "") {
        Outcome outcome;
        session.run("BEGIN");
        if (!role.empty()) session.run("SET LOCAL ROLE " + role);
        outcome.result = session.value<std::string>("SELECT probe.attempt($1)", call);
        outcome.after = session.value<std::string>("SELECT probe.stored($1)", of_whom);
        session.run("ROLLBACK");
        return outcome;
    }

    void grant_functions(Session &session) const {
        session.run("GRANT USAGE ON SCHEMA public TO " + role_);
        session.run("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO " + role_);
    }

  private:
    Database database_;
    std::string role_;
    const char *path_;
};

/// Once with every function, reading by SQL; once with those that can read directly, doing so.
class AccessTest : public ::testing::TestWithParam<const char *> {
  protected:
    static std::vector<Call> calls() {
        if (GetParam() == std::string("sql")) return kAccessCalls;
        std::vector<Call> readers;
        for (const Call &call : kAccessCalls)
            if (reads_directly(call)) readers.push_back(call);
        EXPECT_GE(readers.size(), 5u);
        return readers;
    }

    void SetUp() override {
        if (!available(Server::kPlain)) GTEST_SKIP() << "no server";
    }
};

TEST_P(AccessTest, KnowsEveryFunction) {
    Memory memory(Server::kPlain, {"ann"}, GetParam());
    std::set<std::string> known, there;
    for (const Call &call : kAccessCalls) known.insert(call.function);
    for (const auto &row : memory.connect().run(
             "SELECT p.oid::regprocedure FROM pg_depend AS d"
             " JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'session_memory'"
             " JOIN pg_proc AS p ON p.oid = d.objid"
             " WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e'"))
        there.insert(row[0].as<std::string>());
    for (const std::string &name : there)
        EXPECT_TRUE(known.contains(name)) << name << " has no call in access_calls.hpp";
    for (const std::string &name : known)
        EXPECT_TRUE(there.contains(name)) << name << " is gone, and still in access_calls.hpp";
}

TEST_P(AccessTest, NobodyMayCallAnything) {
    Memory memory(Server::kPlain, {"ann"}, GetParam());
    Session session = memory.connect();
    session.run("GRANT USAGE ON SCHEMA public TO " + memory.role());
    const std::string before = Memory::outcome(session, "", "(SELECT 1)").after;
    for (const Call &call : calls())
        EXPECT_EQ(Memory::outcome(session, memory.role(), call.call), (Outcome{kDenied, before}))
            << call.call;
}

TEST_P(AccessTest, CallsWorkForTheOwner) {
    Memory memory(Server::kPlain, {"ann"}, GetParam());
    Session session = memory.connect();
    for (const Call &call : calls())
        EXPECT_EQ(is_sqlstate(Memory::outcome(session, "", call.call).result),
                  call.whom == For::kNobody)
            << call.call << ": " << Memory::outcome(session, "", call.call).result;
}

/// EXECUTE alone gives nothing: what touches a table fails, and nothing is changed.
TEST_P(AccessTest, ExecuteAloneShowsNothing) {
    Memory memory(Server::kPlain, {"ann"}, GetParam());
    Session session = memory.connect();
    memory.grant_functions(session);
    const std::string before = Memory::outcome(session, "", "(SELECT 1)").after;
    for (const Call &call : calls()) {
        // What the owner's call has left in the connection's memory must not help.
        (void)Memory::outcome(session, "", call.call);
        const Outcome outcome = Memory::outcome(session, memory.role(), call.call);
        EXPECT_EQ(outcome.after, before) << call.call;
        const bool touches = *call.needs != 0 || call.whom == For::kOwner;
        EXPECT_TRUE((outcome.result == kDenied) == touches || internal(call))
            << call.call << ": " << outcome.result;
    }
}

/// With SELECT on everything, what only reads gives what it gives the owner, and nothing writes.
TEST_P(AccessTest, SelectAloneChangesNothing) {
    Memory memory(Server::kPlain, {"ann"}, GetParam());
    Session session = memory.connect();
    memory.grant_functions(session);
    session.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + memory.role());
    const std::string before = Memory::outcome(session, "", "(SELECT 1)").after;
    for (const Call &call : calls()) {
        const Outcome outcome = Memory::outcome(session, memory.role(), call.call);
        EXPECT_EQ(outcome.after, before) << call.call;
        if (!only_reads(call)) continue;
        EXPECT_EQ(outcome, Memory::outcome(session, "", call.call)) << call.call;
    }
}

/// Each privilege that a call needs is needed: without it, it fails. And it needs no other.
TEST_P(AccessTest, EachPrivilegeCounts) {
    Memory memory(Server::kPlain, {"ann"}, GetParam());
    Session session = memory.connect();
    memory.grant_functions(session);
    session.run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO " +
                memory.role());
    // Those of the calls, one a line, that fail while the role has not got the privileges.
    const auto denied = [&](const std::string &calls, const std::string &privileges,
                            const std::string &table) {
        session.run("REVOKE " + privileges + " ON " + table + " FROM " + memory.role());
        session.run("SET ROLE " + memory.role());
        auto lines = session.value<std::string>(
            "SELECT coalesce(string_agg(call, chr(10)), '') FROM string_to_table(rtrim($1, "
            "chr(10)), chr(10)) AS "
            "call WHERE probe.denied(call)",
            calls);
        session.run("RESET ROLE");
        session.run("GRANT " + privileges + " ON " + table + " TO " + memory.role());
        return lines;
    };
    std::string all;
    for (const Call &call : calls())
        if (call.whom != For::kOwner) all += std::string(call.call) + "\n";
    std::map<std::string, std::string> needed;
    for (const auto &row : session.run("SELECT probe.tables()")) {
        const auto table = row[0].as<std::string>();
        const std::string users = denied(all, "SELECT, INSERT, UPDATE, DELETE", table);
        if (users.empty()) continue;
        std::map<std::string, std::string> letters;
        for (const auto &[letter, privilege] : std::vector<std::pair<char, std::string>>{
                 {'r', "SELECT"}, {'a', "INSERT"}, {'w', "UPDATE"}, {'d', "DELETE"}}) {
            const std::string lines = "\n" + denied(users, privilege, table) + "\n";
            for (const Call &call : calls())
                if (lines.find("\n" + std::string(call.call) + "\n") != std::string::npos)
                    letters[call.function] += letter;
        }
        for (const auto &[function, needs] : letters) {
            std::string &list = needed[function];
            list += (list.empty() ? "" : " ") + table + "=" + needs;
        }
    }
    for (const Call &call : calls()) EXPECT_EQ(needed[call.function], call.needs) << call.function;
}

/// What sm_grant gives is enough for what it lets call, and then all is as for the owner.
TEST_P(AccessTest, GrantedAccessIsEnoughAndNoMore) {
    for (const std::string access : {"reader", "writer", "admin"}) {
        Memory memory(Server::kPlain, {"ann"}, GetParam());
        Session session = memory.connect();
        session.run("SELECT sm_grant($1::regrole, $2)", memory.role(), access);
        const std::string before = Memory::outcome(session, "", "(SELECT 1)").after;
        for (const Call &call : calls()) {
            const Outcome outcome = Memory::outcome(session, memory.role(), call.call);
            if (internal(call) && outcome.after == before &&
                outcome.result.find("ann") == std::string::npos)
                continue;
            const bool may = call.whom != For::kOwner &&
                             session.value<bool>(
                                 "SELECT has_function_privilege($1, $2::regprocedure, 'EXECUTE')",
                                 memory.role(), call.function);
            EXPECT_EQ(outcome,
                      may ? Memory::outcome(session, "", call.call) : (Outcome{kDenied, before}))
                << access << ": " << call.call;
        }
    }
}

/// The tables may belong to a role without further powers: it may all.
TEST_P(AccessTest, AnOwnerWithoutPowersMayAll) {
    Memory memory(Server::kPlain, {"ann", "bob"}, GetParam());
    Session session = memory.connect();
    std::map<std::string, Outcome> expected;
    const std::string everybody = "ann|bob";
    for (const Call &call : calls())
        expected[call.function] = Memory::outcome(session, "", call.call, everybody);
    session.run("GRANT CREATE ON SCHEMA public TO " + memory.role());
    for (const auto &row : session.run("SELECT format('ALTER TABLE %s OWNER TO %I', t, $1::text)"
                                       " FROM probe.tables() AS t",
                                       memory.role()))
        session.run(row[0].as<std::string>());
    memory.grant_functions(session);
    session.run("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + memory.role());
    for (const Call &call : calls()) {
        if (call.whom == For::kOwner) continue;  // they give what belongs to the superuser, too
        EXPECT_EQ(Memory::outcome(session, memory.role(), call.call, everybody),
                  expected[call.function])
            << call.call;
    }
    session.run("REASSIGN OWNED BY " + memory.role() + " TO CURRENT_USER");
}

/// Bound to ann by sm_isolate, a function does what it does unbound where ann is alone. Asked for
/// bob it does what it does where there is no bob, or refuses. Bob's rows stay as they are.
TEST_P(AccessTest, IsolatedIsAsIfAlone) {
    for (const std::string by : {"setting", "role"}) {
        Memory shared(Server::kPlain, {"ann", "none", "bob"}, GetParam());
        Memory alone(Server::kPlain, {"ann"}, GetParam());
        Session session = shared.connect();
        Session oracle = alone.connect();
        oracle.run("DELETE FROM sm_backup; DELETE FROM sm_backup_part; DELETE FROM sm_audit");
        // Where the role is the user, the role's name must be ann.
        const std::string ann = by == "role" ? shared.role() : "ann";
        if (by == "role")
            for (Session *each : {&session, &oracle})
                for (const auto &row : each->run("SELECT a.attrelid::regclass FROM pg_attribute AS "
                                                 "a WHERE a.attname = 'user_id'"
                                                 " AND a.attrelid IN (SELECT probe.tables())"))
                    each->run("UPDATE " + row[0].as<std::string>() +
                                  " SET user_id = $1 WHERE user_id = 'ann'",
                              ann);
        session.run("SELECT sm_grant($1::regrole, 'admin')", shared.role());
        session.run("SELECT sm_isolate($1)", by);
        session.run("SELECT set_config('session_memory.user_id', 'ann', false)");
        const std::string others = "bob|none";
        const auto of_others = [&](Session &of) {
            return of.value<std::string>("SELECT probe.stored($1)", others);
        };
        const std::string before = of_others(session);
        ASSERT_EQ(session.value<std::string>("SELECT probe.stored('ann')"),
                  oracle.value<std::string>("SELECT probe.stored('ann')"));
        for (const Call &call : calls()) {
            for (const std::string whose : {"ann", "bob"}) {
                std::string text = replaced(call.call, "ann", whose);
                if (whose == "ann") text = replaced(text, "'ann'", "'" + ann + "'");
                const Outcome bound = Memory::outcome(session, shared.role(), text, "ann");
                EXPECT_EQ(Memory::outcome(session, shared.role(), text, others).after, before)
                    << by << ": " << text;
                if (call.whom != For::kAll) {
                    EXPECT_TRUE(bound.result == kDenied || call.whom != For::kOwner ||
                                internal(call))
                        << text << bound.result;
                    EXPECT_EQ(bound.result.find("of bob"), std::string::npos)
                        << text << bound.result;
                    continue;
                }
                if (whose == "bob" && bound.result == kDenied) continue;
                EXPECT_EQ(bound, Memory::outcome(oracle, "", text, "ann")) << by << ": " << text;
            }
        }
        // Nobody named: nothing.
        session.run("RESET session_memory.user_id");
        if (by == "role") continue;
        for (const Call &call : calls()) {
            const Outcome nobody = Memory::outcome(session, shared.role(), call.call, others);
            EXPECT_EQ(nobody.after, before) << call.call;
            EXPECT_EQ(nobody.result.find("bob"), std::string::npos) << call.call << nobody.result;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Paths, AccessTest, ::testing::ValuesIn(kReadPaths),
                         [](const auto &info) { return std::string(info.param); });

}  // namespace
