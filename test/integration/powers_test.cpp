// The janitor gives nobody powers: what somebody has planted on the tables, of whatever kind, runs
// with the powers of the tables' owner, and cannot get others. One test for each kind.
#include <vector>

#include "planted.hpp"

using namespace sm_test;

namespace {

class PowersTest : public OnServer {};

/// Tables into which the janitor inserts, and other tables that it changes.
#define SM_INSERTED \
    "sm_activity", "sm_kb_use", "sm_orphan", "sm_audit", "sm_profile", "sm_worker_status"
#define SM_UPDATED "sm_session", "sm_worker_status"
#define SM_DELETED                                                                        \
    "session_memory", "sm_session", "sm_session_data", "sm_artifact", "sm_artifact_file", \
        "sm_activity", "sm_kb_use", "sm_profile", "sm_event", "sm_learned",               \
        "sm_learned_attribute", "sm_learned_kind", "sm_backup", "sm_backup_part"
#define SM_ALL_TABLES SM_DELETED, "sm_orphan", "sm_audit", "sm_worker_status"

TEST_P(PowersTest, Triggers) {
    Planted planted(GetParam());
    for (const char *when : {"BEFORE", "AFTER"})
        planted.on_each({SM_ALL_TABLES}, "CREATE TRIGGER planted_" + std::string(when) + " " +
                                             when +
                                             " INSERT OR UPDATE OR DELETE ON %1$I FOR EACH ROW"
                                             " EXECUTE FUNCTION planted_trigger()");
    fill(planted.session());
    planted.let_the_janitor_work();
    EXPECT_TRUE(planted.works_past({}));
    for (const std::string when : {" BEFORE ", " AFTER "}) {
        for (const std::string table : {SM_INSERTED})
            // Its notes may be there already, from before it was switched off: an update, then.
            if (table != "sm_worker_status" || when == " BEFORE ") {
                EXPECT_TRUE(planted.ran_at(table + when + "INSERT"));
            }
        for (const std::string table : {SM_UPDATED})
            EXPECT_TRUE(planted.ran_at(table + when + "UPDATE"));
        for (const std::string table : {SM_DELETED})
            EXPECT_TRUE(planted.ran_at(table + when + "DELETE"));
    }
    planted.expect_powers_of();
}

TEST_P(PowersTest, DeferredTriggers) {
    // The server refuses to defer triggers under restricted powers; with others it would fire them.
    Planted planted(GetParam());
    planted.on_each({SM_ALL_TABLES},
                    "CREATE CONSTRAINT TRIGGER planted AFTER INSERT OR UPDATE OR DELETE ON %1$I"
                    " INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION planted_trigger()");
    fill(planted.session());
    planted.let_the_janitor_work();
    EXPECT_TRUE(planted.works_past(
        {"session_memory AFTER DELETE", "sm_session AFTER UPDATE", "sm_backup AFTER DELETE"}));
    planted.expect_powers_of();
}

TEST_P(PowersTest, Rules) {
    Planted planted(GetParam());
    fill(planted.session());
    // Where the server lets rules be.
    planted.on_each({"sm_session", "sm_session_data", "sm_profile", "sm_event", "sm_learned"},
                    "CREATE RULE planted AS ON DELETE TO %1$I DO ALSO SELECT planted('rule on "
                    "%1$s')");
    planted.session().run(
        "CREATE RULE planted_too AS ON UPDATE TO sm_session DO ALSO SELECT planted('update rule')");
    planted.let_the_janitor_work();
    EXPECT_TRUE(
        planted.works_past({"rule on sm_session", "rule on sm_session_data", "rule on sm_profile",
                            "rule on sm_event", "rule on sm_learned", "update rule"}));
    planted.expect_powers_of();
}

TEST_P(PowersTest, IndexExpressions) {
    Planted planted(GetParam());
    planted.on_each({SM_ALL_TABLES},
                    "CREATE INDEX ON %1$I ((planted_text('index expression on %1$s')))");
    for (const char *index :
         {"sm_session ((planted_text('row of sm_session', session_id)))",
          "sm_worker_status ((planted_text('row of sm_worker_status', bursts::text)))"})
        planted.session().run("CREATE INDEX ON " + std::string(index));
    fill(planted.session());
    planted.let_the_janitor_work();
    EXPECT_TRUE(planted.works_past({"row of sm_session", "row of sm_worker_status"}));
    EXPECT_TRUE(planted.works_past({SM_ALL_TABLES}, "index expression on"));
    planted.expect_powers_of();
}

TEST_P(PowersTest, IndexPredicates) {
    Planted planted(GetParam());
    planted.on_each(
        {SM_ALL_TABLES},
        "CREATE INDEX ON %1$I ((1)) WHERE planted_text('index predicate on %1$s') = ''");
    planted.session().run(
        "CREATE INDEX ON sm_session (prune_at) WHERE planted_text('row of sm_session', session_id)"
        " <> ''");
    fill(planted.session());
    planted.let_the_janitor_work();
    EXPECT_TRUE(planted.works_past({"row of sm_session"}));
    EXPECT_TRUE(planted.works_past({SM_ALL_TABLES}, "index predicate on"));
    planted.expect_powers_of();
}

TEST_P(PowersTest, ExtendedStatistics) {
    // Their expressions are evaluated by ANALYZE; what is constant in them, also by the planner.
    Planted planted(GetParam());
    planted.on_each({SM_ALL_TABLES},
                    "CREATE STATISTICS planted_%1$s ON (planted_text('statistics on %1$s')) FROM "
                    "%1$I");
    fill(planted.session());
    planted.session().run("ANALYZE");
    planted.let_the_janitor_work();
    EXPECT_TRUE(planted.works_past({"statistics on session_memory", "statistics on sm_session"}));
    planted.expect_powers_of();
}

TEST_P(PowersTest, Policies) {
    // Of policies that are not forced the owner knows nothing.
    for (const bool forced : {true, false}) {
        Planted planted(GetParam());
        for (const char *statement :
             {"CREATE POLICY planted ON %1$I USING (planted('policy on %1$s'))",
              "ALTER TABLE %1$I ENABLE ROW LEVEL SECURITY"})
            planted.on_each({SM_ALL_TABLES}, statement);
        if (forced) planted.on_each({SM_ALL_TABLES}, "ALTER TABLE %1$I FORCE ROW LEVEL SECURITY");
        fill(planted.session());
        planted.let_the_janitor_work();
        if (forced)
            EXPECT_TRUE(planted.works_past({SM_ALL_TABLES}, "policy on"));
        else
            EXPECT_TRUE(planted.works_past({}));
        EXPECT_EQ(planted.session().value<bool>("SELECT EXISTS (SELECT FROM witness)"), forced);
        planted.expect_powers_of();
    }
}

TEST_P(PowersTest, Checks) {
    Planted planted(GetParam());
    planted.on_each({SM_INSERTED, "sm_session"},
                    "ALTER TABLE %1$I ADD CHECK (planted('check on %1$s'))");
    fill(planted.session());
    planted.let_the_janitor_work();
    EXPECT_TRUE(planted.works_past({SM_INSERTED, "sm_session"}, "check on"));
    planted.expect_powers_of();
}

TEST_P(PowersTest, Defaults) {
    Planted planted(GetParam());
    planted.on_each({SM_INSERTED},
                    "ALTER TABLE %1$I ADD planted boolean DEFAULT planted('default of %1$s')");
    fill(planted.session());
    planted.let_the_janitor_work();
    EXPECT_TRUE(planted.works_past({SM_INSERTED}, "default of"));
    planted.expect_powers_of();
}

TEST_P(PowersTest, GeneratedColumns) {
    Planted planted(GetParam());
    planted.on_each({SM_INSERTED},
                    "ALTER TABLE %1$I ADD planted text GENERATED ALWAYS AS"
                    " (planted_text('generated in %1$s')) STORED");
    planted.session().run(
        "ALTER TABLE sm_session ADD planted text GENERATED ALWAYS AS"
        " (planted_text('row of sm_session', interactions::text)) STORED");
    fill(planted.session());
    planted.let_the_janitor_work();
    EXPECT_TRUE(planted.works_past({"row of sm_session"}));
    EXPECT_TRUE(planted.works_past({SM_INSERTED}, "generated in"));
    planted.expect_powers_of();
}

TEST_P(PowersTest, Domains) {
    Planted planted(GetParam());
    planted.on_each({SM_INSERTED},
                    "CREATE DOMAIN domain_%1$s AS integer CHECK (planted('domain in %1$s'))");
    planted.on_each({SM_INSERTED}, "ALTER TABLE %1$I ADD planted domain_%1$s");
    fill(planted.session());
    planted.let_the_janitor_work();
    EXPECT_TRUE(planted.works_past({SM_INSERTED}, "domain in"));
    planted.expect_powers_of();
}

TEST_P(PowersTest, CascadesRunAsTheOwnerOfTheTableThatRefers) {
    Role referrer(GetParam(), "referrer");
    Planted planted(GetParam());
    Session &session = planted.session();
    session.run(
        "CREATE TABLE theirs (session_id text COLLATE \"C\" REFERENCES sm_session ON DELETE "
        "CASCADE)");
    session.run("ALTER TABLE theirs OWNER TO " + referrer.name());
    session.run(
        "CREATE TRIGGER planted BEFORE DELETE ON theirs FOR EACH ROW EXECUTE FUNCTION "
        "planted_trigger()");
    fill(session);
    session.run("INSERT INTO theirs VALUES ('over')");
    planted.let_the_janitor_work();
    EXPECT_TRUE(planted.works_past({"theirs BEFORE DELETE"}));
    planted.expect_powers_of(referrer.name());
}

TEST_P(PowersTest, RulesThatOurStatementsCannotHave) {
    // The server refuses them in WITH and ON CONFLICT: nothing is done there, and nobody is hurt.
    for (const char *rule : {"DELETE TO session_memory DO ALSO SELECT planted('rule')",
                             "DELETE TO session_memory DO INSTEAD NOTHING"}) {
        Planted planted(GetParam());
        Session &session = planted.session();
        fill(session);
        const auto before = planted.database().stored();
        session.run("CREATE RULE planted AS ON " + std::string(rule));
        planted.let_the_janitor_work();
        EXPECT_TRUE(planted.database().janitor_gets_to([&] {
            return session.value<bool>(
                "SELECT coalesce(max(last_error) <> '' AND max(bursts) >= 2, false)"
                " FROM sm_worker_status");
        })) << rule;
        EXPECT_EQ(planted.database().stored(), before);
        EXPECT_TRUE(planted.database().counters_exact());
        planted.expect_powers_of();
        // Once they are gone, all gets done; sessions that could not be changed were put off.
        session.run("DROP RULE planted ON session_memory");
        session.run("UPDATE sm_session SET prune_at = now()");
        EXPECT_TRUE(planted.works_past({}));
    }
}

TEST_P(PowersTest, ARuleOnItsNotes) {
    // Without a note of when it was here last it does nothing.
    Planted planted(GetParam());
    Session &session = planted.session();
    fill(session);
    session.run(
        "CREATE RULE planted AS ON UPDATE TO sm_worker_status DO ALSO SELECT planted('rule')");
    const auto before = planted.database().stored();
    planted.let_the_janitor_work();
    EXPECT_TRUE(planted.fails_more(2));
    EXPECT_EQ(planted.database().stored(), before);
    session.run("DROP RULE planted ON sm_worker_status");
    EXPECT_TRUE(planted.works_past({}));
    planted.expect_powers_of();
}

TEST_P(PowersTest, ViewsInThePlaceOfTables) {
    // What is read without SQL must not be taken for a table.
    Planted planted(GetParam());
    fill(planted.session());
    for (const std::string &statement :
         {std::string("ALTER TABLE %1$I RENAME TO own_%1$s"),
          std::string("CREATE VIEW %1$I AS SELECT * FROM own_%1$s WHERE planted('view of %1$s')"),
          "ALTER VIEW %1$I OWNER TO " + planted.owner()})
        planted.on_each({"session_memory", "sm_session", "sm_worker_status"}, statement);
    planted.let_the_janitor_work();
    EXPECT_TRUE(planted.works_past(
        {"view of session_memory", "view of sm_session", "view of sm_worker_status"}));
    planted.expect_powers_of();
}

TEST_P(PowersTest, OtherTablesInThePlaceOfTables) {
    // Whatever the columns are: an error, and the server lives.
    Planted planted(GetParam());
    fill(planted.session());
    Session &session = planted.session();
    planted.on_each({"sm_session", "sm_worker_status"}, "ALTER TABLE %1$I RENAME TO own_%1$s");
    session.run(
        "CREATE TABLE sm_session AS SELECT session_id, 7 AS user_id, 7 AS ttl, 7 AS idle_timeout,"
        " max_interactions, last_activity_at, last_seq, interactions, summary_seq, ended_at, bytes,"
        " tokens, prune_at FROM own_sm_session");
    session.run("CREATE TABLE sm_worker_status (singleton boolean, last_run_at text)");
    planted.on_each({"sm_session", "sm_worker_status"},
                    "ALTER TABLE %1$I OWNER TO " + planted.owner());
    planted.let_the_janitor_work();
    EXPECT_TRUE(planted.fails_more(2));
    session.run("DROP TABLE sm_worker_status");
    session.run("ALTER TABLE own_sm_worker_status RENAME TO sm_worker_status");
    EXPECT_TRUE(planted.fails_more(2));
    session.run("DROP TABLE sm_session");
    session.run("ALTER TABLE own_sm_session RENAME TO sm_session");
    EXPECT_TRUE(planted.works_past({}));
}

// --- signals -------------------------------------------------------------------------------------

std::vector<int> pids(Session &session, const std::string &query) {
    std::vector<int> found;
    for (const auto &row : session.run(query)) found.push_back(row[0].as<int>());
    return found;
}

constexpr const char *kLaunchers =
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'session_memory launcher'";

// The janitor that waits: another may be there for a moment, and find that it is not alone.
constexpr const char *kWaiting =
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND"
    " database = (SELECT oid FROM pg_database WHERE datname = current_database())";

TEST_P(PowersTest, SignalsToThemAreForSuperusers) {
    Role signaller(GetParam(), "signaller", "IN ROLE pg_signal_backend LOGIN");
    Planted planted(GetParam());
    Session &session = planted.session();
    fill(session);
    // A janitor that stays until it is let go.
    constexpr int kLock = 4711;
    session.run(
        "CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ BEGIN"
        "  PERFORM pg_advisory_xact_lock(" +
        std::to_string(kLock) + "); RETURN OLD; END $$");
    session.run(
        "CREATE TRIGGER waits BEFORE DELETE ON session_memory FOR EACH ROW EXECUTE FUNCTION "
        "waits()");
    session.run("SELECT pg_advisory_lock($1::int)", kLock);
    const std::vector<int> launchers = pids(session, kLaunchers);
    EXPECT_EQ(launchers.size(), GetParam() == Server::kPreloaded ? 1u : 0u);
    for (const int pid : launchers) {
        planted.tries("SELECT pg_terminate_backend(" + std::to_string(pid) + ")");
        planted.tries("SELECT pg_cancel_backend(" + std::to_string(pid) + ")");
    }
    session.run(
        "CREATE TRIGGER planted BEFORE DELETE ON sm_session FOR EACH ROW EXECUTE FUNCTION "
        "planted_trigger()");
    planted.let_the_janitor_work();
    ASSERT_TRUE(
        planted.database().janitor_gets_to([&] { return !pids(session, kWaiting).empty(); }));
    std::vector<int> ours = pids(session, kWaiting);
    EXPECT_EQ(ours.size(), 1u);
    ours.insert(ours.end(), launchers.begin(), launchers.end());
    Session signals = planted.database().connect("", signaller.name());
    for (const int pid : ours)
        for (const char *signal : {"pg_terminate_backend", "pg_cancel_backend"})
            EXPECT_EQ(signals.sqlstate("SELECT " + std::string(signal) + "($1)", pid), "42501");
    // They are there still, and the work goes on.
    session.run("SELECT pg_advisory_unlock($1::int)", kLock);
    EXPECT_TRUE(planted.works_past({"sm_session BEFORE DELETE"}));
    EXPECT_EQ(pids(session, kLaunchers), launchers);
    planted.expect_powers_of();
}

SM_ON_BOTH_SERVERS(PowersTest);

}  // namespace
