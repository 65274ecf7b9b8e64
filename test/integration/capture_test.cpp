// Captures: a schema full of functions, operators, types and tables of the names that the janitor's
// statements use comes first in search_path, and catches nothing in the janitor.
//
// The tables belong to a superuser here, as they do where one has created the extension, so that
// whatever were caught would run as that superuser.
#include <string>

#include "planted.hpp"

using namespace sm_test;

namespace {

class CaptureTest : public OnServer {};

/// What the test's own connections set, in whose statements the traps shall not be sprung.
constexpr const char *kSafe = "-c search_path=pg_catalog,public";

// An operator for each of the server's own between plain types, a function for each whose arguments
// are of types that the statements use, and of those that take any type the ones that they call.
constexpr const char *kTraps[] = {
    "CREATE TABLE traps.caught (what text, who text)",
    "GRANT USAGE ON SCHEMA traps TO PUBLIC",
    "GRANT INSERT ON traps.caught TO PUBLIC",
    "CREATE FUNCTION pg_temp.trap(name text, arguments text, result text) RETURNS void"
    " LANGUAGE plpgsql AS $$ BEGIN"
    "  EXECUTE format('CREATE FUNCTION traps.%s(%s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN"
    "   INSERT INTO traps.caught VALUES (%L, current_user); RETURN NULL; END $f$',"
    "   name, arguments, result, concat(name, '(', arguments, ')')); END $$",
    "DO $$ DECLARE o record; n integer := 0; BEGIN"
    " FOR o IN SELECT p.oprname, format_type(p.oprleft, NULL) AS l,"
    "   format_type(p.oprright, NULL) AS r, format_type(p.oprresult, NULL) AS result"
    "  FROM pg_operator AS p JOIN pg_type AS lt ON lt.oid = p.oprleft"
    "  JOIN pg_type AS rt ON rt.oid = p.oprright JOIN pg_type AS t ON t.oid = p.oprresult"
    "  WHERE 'p' NOT IN (lt.typtype, rt.typtype, t.typtype)"
    "  UNION ALL SELECT p.oprname, a.l, a.l, 'boolean' FROM pg_operator AS p,"
    "   (VALUES ('text[]'), ('bigint[]'), ('anyarray')) AS a (l)"
    "  WHERE (p.oprleft, p.oprright) = ('anyarray'::regtype, 'anyarray'::regtype)"
    "   AND p.oprname IN ('=', '<>')"
    " LOOP"
    "  n := n + 1;"
    "  PERFORM pg_temp.trap(format('operator_%s', n), format('%s, %s', o.l, o.r), o.result);"
    "  EXECUTE format('CREATE OPERATOR traps.%s (FUNCTION = traps.operator_%s, LEFTARG = %s,"
    "   RIGHTARG = %s)', o.oprname, n, o.l, o.r);"
    " END LOOP;"
    " ASSERT n > 500; END $$",
    "DO $$ DECLARE f record; n integer := 0; BEGIN"
    " FOR f IN SELECT quote_ident(p.proname) AS name, oidvectortypes(p.proargtypes) AS arguments"
    "  FROM pg_proc AS p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind <> 'p'"
    "   AND p.proargtypes::oid[] <@ '{text,bigint,int,timestamptz,interval,jsonb,boolean,text[],"
    "bigint[],timestamptz[],boolean[],float8,name,oid,regclass}'::regtype[]::oid[]"
    "  UNION SELECT p.proname, oidvectortypes(p.proargtypes) FROM pg_proc AS p"
    "   WHERE p.proname ~ '^_?sm_'"
    "  UNION VALUES ('unnest', 'text[]'), ('unnest', 'bigint[]'), ('unnest', 'timestamptz[]'),"
    "   ('unnest', 'boolean[]'), ('array_cat', 'text[], text[]'), ('array_agg', 'text'),"
    "   ('count', 'text'), ('max', 'text'), ('cardinality', 'text[]')"
    " LOOP"
    "  n := n + 1;"
    "  PERFORM pg_temp.trap(f.name, f.arguments, 'text');"
    " END LOOP;"
    " ASSERT n > 500; END $$",
    "DO $$ DECLARE t name; BEGIN"
    " FOR t IN SELECT c.relname FROM pg_class AS c"
    "  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
    " LOOP EXECUTE format('CREATE TABLE traps.%I (LIKE public.%I)', t, t); END LOOP;"
    " FOREACH t IN ARRAY '{text,int8,jsonb,interval,timestamptz,bool,float8}'::name[]"
    " LOOP EXECUTE format('CREATE DOMAIN traps.%I AS integer CHECK (false)', t); END LOOP; END $$",
};

void plant_traps(Session &session) {
    session.run("CREATE SCHEMA traps");
    for (const char *statement : kTraps) session.run(statement);
}

std::string caught(Session &session) {
    return session.value<std::string>(
        "SELECT coalesce(string_agg(DISTINCT what, '; '), '') FROM traps.caught");
}

/// Waits until the janitor has done all, with connections in which no trap is sprung.
::testing::AssertionResult works(const Database &database, Session &session) {
    const bool done = eventually([&] {
        if (not_done(session).empty()) return true;
        if (database.server() == Server::kPlain)
            database.connect(kSafe).run("SELECT sm_context('nobody')");
        return false;
    });
    if (done) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << not_done(session) << "; caught: " << caught(session);
}

/// The traps work: a statement that does not say what it means is caught.
void expect_traps_work(Session &session) {
    session.run("SET search_path = traps, pg_catalog");
    session.run("SELECT now(), 1::pg_catalog.int8 = 2::pg_catalog.int8");
    session.run("SET search_path = pg_catalog, public");
    EXPECT_EQ(session.value<int>("SELECT count(*) FROM traps.caught"), 2);
}

TEST_P(CaptureTest, BySearchPathOfDatabaseAndRole) {
    Database database(GetParam());
    Session session = database.connect(kSafe);
    database.set("session_memory.worker", "off");
    let_everything_go(database);
    fill(session);
    plant_traps(session);
    // What an innocent superuser has put on the tables, without saying what it means, either.
    session.run(
        "CREATE FUNCTION public.innocent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        "  IF length(OLD.session_id) = 0 OR now() IS NULL THEN RETURN NULL; END IF;"
        "  RETURN OLD; END $$");
    session.run(
        "CREATE TRIGGER innocent BEFORE DELETE ON sm_session FOR EACH ROW EXECUTE FUNCTION "
        "innocent()");
    session.run("ALTER DATABASE " + database.name() +
                " SET search_path = traps, pg_catalog, public");
    session.run("ALTER ROLE postgres IN DATABASE " + database.name() +
                " SET search_path = traps, pg_catalog, public");
    database.set("session_memory.worker", "on");
    EXPECT_TRUE(works(database, session));
    EXPECT_EQ(caught(session), "");
    expect_traps_work(session);
}

TEST_P(CaptureTest, BySearchPathThatPlantedCodeSets) {
    // Planted code can set for the rest of a burst what anybody may set.
    Database database(GetParam());
    Session session = database.connect(kSafe);
    database.set("session_memory.worker", "off");
    let_everything_go(database);
    fill(session);
    plant_traps(session);
    session.run(
        "CREATE FUNCTION public.leads_astray() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        "  PERFORM pg_catalog.set_config('search_path', 'traps, pg_catalog, public', false);"
        "  RETURN NEW; END $$");
    session.run(
        "CREATE TRIGGER leads_astray BEFORE INSERT OR UPDATE ON sm_worker_status FOR EACH ROW"
        " EXECUTE FUNCTION leads_astray()");
    database.set("session_memory.worker", "on");
    EXPECT_TRUE(works(database, session));
    EXPECT_EQ(caught(session), "");
    expect_traps_work(session);
}

SM_ON_BOTH_SERVERS(CaptureTest);

}  // namespace
