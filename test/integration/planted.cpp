// What is planted, and what the janitor finds to do meanwhile.
#include "planted.hpp"

namespace sm_test {

namespace {

// What planted code tries. Each must end with 42501, insufficient_privilege; what does not is noted,
// and taken back.
constexpr const char *kAttempts[] = {
    "SELECT set_config('role', 'none', false)",
    "SELECT set_config('session_authorization', 'default', false)",
    "SET LOCAL ROLE postgres",
    "RESET ROLE",
    "SET SESSION AUTHORIZATION DEFAULT",
    "RESET SESSION AUTHORIZATION",
    "SELECT public.with_another_role()",
    "SELECT set_config('session_replication_role', 'replica', false)",
    "SELECT set_config('session_memory.worker', 'off', false)",
    "CREATE ROLE sm_planted SUPERUSER",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "COPY public.witness TO PROGRAM 'cat >/dev/null'",
    "SELECT pg_read_file('PG_VERSION')",
    "CREATE TEMPORARY TABLE planted ()",
    "DECLARE planted CURSOR WITH HOLD FOR SELECT 1",
    "SELECT pg_terminate_backend(pg_backend_pid())",
};

constexpr const char *kPlanted[] = {
    "CREATE TABLE witness (place text, who text, got text)",
    "CREATE TABLE attempt (statement text)",
    "GRANT SELECT ON attempt TO PUBLIC",
    // Where it is asked with its owner's powers: a janitor does not show itself to everybody.
    "CREATE FUNCTION in_janitor() RETURNS boolean LANGUAGE sql SECURITY DEFINER"
    " SET search_path = pg_catalog, pg_temp AS $$"
    " SELECT backend_type = 'session_memory janitor'"
    " FROM pg_stat_get_activity(pg_backend_pid()) $$",
    "CREATE FUNCTION note(place text, who text, got text) RETURNS void LANGUAGE sql"
    " SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$"
    " INSERT INTO public.witness VALUES (place, who, got) $$",
    "CREATE FUNCTION with_another_role() RETURNS integer LANGUAGE sql SET role = 'none'"
    " AS 'SELECT 1'",
    "CREATE FUNCTION tries_everything() RETURNS text LANGUAGE plpgsql"
    " SET search_path = pg_catalog, pg_temp AS $$"
    " DECLARE attempted text; got text := '';"
    " BEGIN"
    "  FOR attempted IN SELECT statement FROM public.attempt LOOP"
    "   BEGIN"
    "    EXECUTE attempted;"
    "    RAISE EXCEPTION 'got away with it';"
    "   EXCEPTION WHEN insufficient_privilege THEN NULL;"
    "   WHEN OTHERS THEN got := concat(got, attempted, ': ', SQLERRM, '; ');"
    "   END;"
    "  END LOOP;"
    "  RETURN got; END $$",
    "CREATE FUNCTION planted(place text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN"
    "  IF public.in_janitor() THEN"
    "   PERFORM public.note(place, current_user, public.tries_everything());"
    "  END IF;"
    "  RETURN true; END $$",
    // For where only what does not change is let in: it is not asked whether that is true.
    "CREATE FUNCTION planted_text(place text, value text DEFAULT '') RETURNS text"
    " LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN"
    "  PERFORM public.planted(place);"
    "  RETURN value; END $$",
    "CREATE FUNCTION planted_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    "  PERFORM public.planted(concat(TG_TABLE_NAME, ' ', TG_WHEN, ' ', TG_OP));"
    "  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END; END $$",
};

constexpr const char *kWork[] = {
    "SET session_memory.worker = off",
    // An interaction that has expired, and one that has not.
    "SELECT sm_add('both', 'q', 'a', '{\"sources\": [\"kb\"]}', now() - interval '2 days',"
    " user_id => 'ann')",
    "SELECT sm_add('both', 'q', 'a')",
    // A session at its end, with all that may belong to one.
    "SELECT sm_create_session('over', 'ann', idle_timeout => '1 hour', metadata => '{\"m\": 1}')",
    "SELECT sm_add('over', 'q', 'a', '{\"sources\": [\"kb\"]}')",
    "SELECT sm_save_artifact('over', 'model', 'm', '{\"uri\": \"file:///m\"}')",
    "UPDATE sm_session SET last_activity_at = now() - interval '2 hours', prune_at = now()"
    " WHERE session_id = 'over'",
    // One above its cap.
    "SELECT sm_create_session('capped', max_interactions => 2)",
    "SELECT sm_append('capped', '[{\"n\": 1}, {\"n\": 2}, {\"n\": 3}]')",
    "UPDATE sm_session SET prune_at = now() WHERE session_id = 'capped'",
    // A large one that nobody uses.
    "SELECT sm_add('unused', repeat('q', 50000), 'a')",
    "UPDATE sm_session SET last_activity_at = now() - interval '1 hour'"
    " WHERE session_id = 'unused'",
    // What has been kept for long enough.
    "SELECT sm_record_event('old', 'booking', '{\"city\": \"Porto\", \"price_per_night\": 90}',"
    " now() - interval '10 days') FROM generate_series(1, 64)",
    "INSERT INTO sm_activity (user_id, hour, session_id, interactions, questions, response_times,"
    " response_time_sum, confidences, confidence_sum, first_at, last_at)"
    " SELECT 'older', date_trunc('hour', at), 'gone', 1, 1, 0, 0, 0, 0, at, at"
    " FROM (SELECT now() - interval '10 days') AS v (at)",
    "INSERT INTO sm_kb_use (session_id, entry_id, hour, user_id, uses, last_used_at)"
    " SELECT 'gone', 'kb', date_trunc('hour', at), 'older', 1, at"
    " FROM (SELECT now() - interval '10 days') AS v (at)",
    "SELECT sm_backup('old')",
    "UPDATE sm_backup SET created_at = now() - interval '10 days'",
};

constexpr const char *kNotDone =
    "SELECT concat_ws(', ',"
    " CASE WHEN EXISTS (SELECT FROM session_memory WHERE created_at < now() - interval '1 day')"
    "  THEN 'expired interactions' END,"
    " CASE WHEN (SELECT count(*) FROM session_memory WHERE session_id = 'capped') <> 2"
    "  THEN 'a cap' END,"
    " (SELECT string_agg('session ' || session_id, ', ') FROM sm_session"
    "  WHERE session_id IN ('over', 'unused')),"
    " CASE WHEN EXISTS (SELECT FROM sm_session_data WHERE session_id = 'over')"
    "  OR EXISTS (SELECT FROM sm_artifact) OR EXISTS (SELECT FROM sm_artifact_file)"
    "  THEN 'what belongs to a session' END,"
    " CASE WHEN NOT EXISTS (SELECT FROM sm_orphan) THEN 'an orphan' END,"
    " CASE WHEN (SELECT count(*) FROM sm_activity WHERE user_id = 'ann') <> 2"
    "  OR (SELECT count(*) FROM sm_kb_use WHERE user_id = 'ann') <> 2 THEN 'counting' END,"
    " CASE WHEN EXISTS (SELECT FROM sm_activity WHERE user_id = 'older')"
    "  OR EXISTS (SELECT FROM sm_kb_use WHERE user_id = 'older')"
    "  THEN 'old activity' END,"
    " CASE WHEN EXISTS (SELECT FROM sm_profile WHERE user_id = 'old')"
    "  OR EXISTS (SELECT FROM sm_event) OR EXISTS (SELECT FROM sm_learned)"
    "  THEN 'old profiles' END,"
    " CASE WHEN EXISTS (SELECT FROM sm_backup) OR EXISTS (SELECT FROM sm_backup_part)"
    "  OR NOT EXISTS (SELECT FROM sm_audit WHERE what = 'prune_backups') THEN 'old backups' END,"
    " CASE WHEN NOT EXISTS (SELECT FROM sm_worker_status WHERE bursts > 0 AND removed_total >= 3"
    "  AND evicted_total = 1 AND last_retention_at IS NOT NULL) THEN 'status' END)";

}  // namespace

Role::Role(Server server, const std::string &purpose, const std::string &options)
    : server_(server), name_(new_name() + "_" + purpose) {
    administrator(server_).run("CREATE ROLE " + name_ + " " + options);
}

Role::~Role() {
    try {
        administrator(server_).run("DROP ROLE " + name_);
    } catch (const std::exception &error) {
        ADD_FAILURE() << "cannot drop " << name_ << ": " << error.what();
    }
}

void let_everything_go(const Database &database) {
    database.set("session_memory.nap_time", "200ms");
    database.set("session_memory.profile_retention", "5d");
    database.set("session_memory.backup_retention", "5d");
    database.set("session_memory.max_size", "20kB");
}

void fill(Session &session) {
    for (const char *statement : kWork) session.run(statement);
}

std::string not_done(Session &session) {
    return session.value<std::string>(kNotDone);
}

Planted::Planted(Server server)
    : owner_(server, "owner"),
      stranger_(server, "stranger", "LOGIN"),
      database_(server),
      session_(database_.connect()),
      strangers_(database_.connect("", stranger_.name())) {
    database_.set("session_memory.worker", "off");
    let_everything_go(database_);
    session_.run("SELECT sm_grant('" + owner() + "', 'admin')");
    session_.run(
        "DO $$ DECLARE t regclass; BEGIN"
        " FOR t IN SELECT c.oid FROM pg_depend AS d JOIN pg_class AS c ON c.oid = d.objid"
        "  WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname ="
        "  'session_memory') AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass"
        "  AND c.relkind = 'r'"
        " LOOP EXECUTE format('ALTER TABLE %s OWNER TO " +
        owner() + "', t); END LOOP; END $$");
    for (const char *statement : kPlanted) session_.run(statement);
    for (const char *statement : kAttempts) tries(statement);
    tries("SELECT pg_terminate_backend(" + std::to_string(strangers_.backend_pid()) + ")");
    tries("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = " +
          std::to_string(session_.backend_pid()));
}

void Planted::tries(const std::string &statement) {
    session_.run("INSERT INTO attempt VALUES ($1)", statement);
}

void Planted::on_each(std::initializer_list<const char *> tables, const std::string &statement) {
    for (const char *table : tables)
        session_.run(session_.value<std::string>("SELECT format($1, $2::text)", statement, table));
}

::testing::AssertionResult Planted::ran_at(const std::string &place) {
    if (session_.value<int>("SELECT count(*) FROM witness WHERE place = $1", place) > 0)
        return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "it did not run: " << place;
}

::testing::AssertionResult Planted::works_past(std::initializer_list<const char *> places) {
    const auto done = database_.janitor_gets_to([&] { return not_done(session_).empty(); });
    if (!done) return ::testing::AssertionFailure() << done.message() << "; " << not_done(session_);
    for (const char *place : places)
        if (const auto ran = ran_at(place); !ran) return ran;
    return ::testing::AssertionSuccess();
}

::testing::AssertionResult Planted::works_past(std::initializer_list<const char *> tables,
                                               const std::string &what) {
    if (const auto done = works_past({}); !done) return done;
    for (const char *table : tables)
        if (const auto ran = ran_at(what + " " + table); !ran) return ran;
    return ::testing::AssertionSuccess();
}

::testing::AssertionResult Planted::fails_more(int count) {
    const auto rolled_back = [&] {
        return session_.value<std::int64_t>(
            "SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()");
    };
    auto until = rolled_back() + count;
    if (eventually([&] {
            if (rolled_back() >= until) return true;
            // Without a launcher it is a call that starts a janitor, be it one that fails itself.
            if (database_.server() == Server::kPlain &&
                !Session::sqlstate_of([&] { database_.call(); }).empty())
                ++until;
            return false;
        }))
        return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "it did not come, or did not fail";
}

void Planted::expect_powers_of(const std::string &who) {
    for (const auto &row : session_.run("SELECT DISTINCT place, who, got FROM witness")) {
        EXPECT_EQ(row["who"].as<std::string>(), who.empty() ? owner() : who)
            << row["place"].c_str();
        EXPECT_EQ(row["got"].as<std::string>(), "") << row["place"].c_str();
    }
}

}  // namespace sm_test
