// What is kept for a set time goes by itself: profiles, counts of activity, backups.
#include <string>

#include "server.hpp"

using namespace sm_test;

namespace {

class RetentionTest : public OnServer {};

/// A count of activity and a profile of so many users, and a backup, each new and old.
void fill(Session &session, int users) {
    session.run("SET session_memory.worker = off");
    session.run(
        "INSERT INTO sm_activity (user_id, hour, session_id, interactions, questions,"
        " response_times, response_time_sum, confidences, confidence_sum, first_at, last_at)"
        " SELECT 'u' || i, date_trunc('hour', at), age, 1, 1, 0, 0, 0, 0, at, at"
        " FROM generate_series(1, $1::int) AS i,"
        " (VALUES ('old', now() - interval '10 days'), ('new', now() - interval '1 hour')) AS v "
        "(age, at)",
        users);
    session.run(
        "SELECT sm_record_event('p-' || age || i, 'visit', '{}', at) FROM generate_series(1, "
        "$1::int)"
        " AS i, (VALUES ('old', now() - interval '10 days'), ('new', now())) AS v (age, at)",
        users);
    session.run("SELECT sm_add('s', 'q', 'a')");
    session.run("SELECT sm_backup('old'), sm_backup('new')");
    session.run(
        "UPDATE sm_backup SET created_at = now() - interval '10 days' WHERE reason = 'old'");
}

std::string kept(Session &session) {
    return session.value<std::string>(
        "SELECT (SELECT count(*) FROM sm_activity WHERE session_id = 'old') || ' ' ||"
        " (SELECT count(*) FROM sm_activity WHERE session_id = 'new') || ' ' ||"
        " (SELECT count(*) FROM sm_profile WHERE user_id LIKE 'p-old%') || ' ' ||"
        " (SELECT count(*) FROM sm_profile WHERE user_id LIKE 'p-new%') || ' ' ||"
        " (SELECT coalesce(string_agg(reason, ' ' ORDER BY reason), '') FROM sm_backup)");
}

TEST_P(RetentionTest, WhatIsOldEnoughGoes) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    database.set("session_memory.batch_size", "7");
    database.set("session_memory.profile_retention", "5d");
    database.set("session_memory.backup_retention", "5d");
    Session session = database.connect();
    fill(session, 30);
    EXPECT_TRUE(database.janitor_gets_to([&] { return kept(session) == "0 30 0 30 new"; }));
    EXPECT_EQ(database.connect().value<std::string>(
                  "SELECT coalesce(max(last_error), '') FROM sm_worker_status"),
              "");
    // Again, and again.
    session.run("UPDATE sm_backup SET created_at = now() - interval '6 days'");
    EXPECT_TRUE(database.janitor_gets_to([&] { return kept(session) == "0 30 0 30 "; }));
}

TEST_P(RetentionTest, ZeroKeepsForEver) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    database.set("session_memory.profile_retention", "0");
    database.set("session_memory.backup_retention", "0");
    Session session = database.connect();
    fill(session, 2);
    const auto before = database.bursts();
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.bursts() >= before + 3; }));
    EXPECT_EQ(kept(session), "2 2 2 2 new old");
}

TEST_P(RetentionTest, WhereOneKindFailsTheOthersGo) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    database.set("session_memory.profile_retention", "5d");
    database.set("session_memory.backup_retention", "5d");
    Session session = database.connect();
    session.run(
        "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        "  RAISE EXCEPTION 'planted'; END $$");
    session.run(
        "CREATE TRIGGER planted BEFORE DELETE ON sm_activity FOR EACH ROW EXECUTE FUNCTION "
        "planted()");
    fill(session, 2);
    EXPECT_TRUE(database.janitor_gets_to([&] { return kept(session) == "2 2 0 2 new"; }));
    EXPECT_TRUE(database.janitor_gets_to([&] {
        return session.value<std::string>(
                   "SELECT coalesce(worker_last_error, '') FROM sm_stats()") == "planted";
    }));
}

SM_ON_BOTH_SERVERS(RetentionTest);

}  // namespace
