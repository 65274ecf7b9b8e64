// One call of every function of the extension, and what it needs of the tables.
//
// A new function needs an entry here; access_test.cpp says so, and shows what it found that the
// function needs. The calls are about ann; kAccessData makes her, and bob, who has the same.
#pragma once

#include <string>
#include <vector>

namespace sm_test {

/// Who may get through to the end of a call.
enum class For {
    kAll,      ///< whoever has the privileges
    kOwner,    ///< the owner of the tables: it gives and takes powers
    kUnbound,  ///< whom row-level security does not bind: it administers everybody's data
    kNobody,   ///< it is there to raise an error
};

struct Call {
    const char *function;  ///< as regprocedure writes it, without the schema
    const char *call;      ///< an item of FROM
    /// The privileges without which it fails, as in an ACL: r SELECT, a INSERT, w UPDATE, d DELETE.
    const char *needs;
    For whom = For::kAll;
};

/// Internal functions are there to be called by others. Some work without a privilege, and do less.
inline bool internal(const Call &call) {
    return call.function[0] == '_';
}

/// Whether all that it needs is SELECT.
inline bool only_reads(const Call &call) {
    const std::string needs = call.needs;
    for (std::size_t at = 0; (at = needs.find('=', at)) != std::string::npos; ++at)
        if (needs.find_first_of("awd", at) < needs.find(' ', at)) return false;
    return call.whom != For::kOwner;
}

/// Whether it is one that can read the tables without SQL.
inline bool reads_directly(const Call &call) {
    return only_reads(call) && !internal(call) &&
           std::string(call.needs).starts_with("session_memory=r sm_session=r");
}

/// Sessions, users and whatever else the calls need, of one user. $ stands for their name.
constexpr const char *kAccessData = R"sql(
SELECT sm_add('$1', 'q' || n, 'a of $', '{"topic": "x"}', idempotency_key => 'k' || n, user_id => '$')
FROM generate_series(1, 6) AS n;
SELECT sm_set_state('$1', '{"of": "$"}'), sm_set_summary('$1', 'Summary of $', 1);
SELECT sm_create_session('$2', '$', idle_timeout => '1 hour', metadata => '{"of": "$"}');
SELECT sm_set_profile('$', '{"of": "$"}'), sm_record_event('$', 'booking', '{"city": "Porto of $"}', '2026-01-01 12:00Z', 0.8, '$1');
SELECT sm_add('$3', 'q', 'a of $', '{"sources": ["e1", "e of $"], "confidence": 0.5}', user_id => '$');
SELECT sm_end_session('$3');
SELECT sm_save_artifact('$1', 'model', 'kept', '{"path": "/$/kept"}'), sm_save_artifact('$1', 'model', 'gone', '{"path": "/$/gone"}');
SELECT sm_delete_artifact('$1', 'model', 'gone');
SELECT sm_append('$2', '[{"role": "user", "content": "$"}, {"role": "assistant", "content": "$"}]');
)sql";

/// What calls come to. stored(): all that the tables hold of those whose name the rows have in them, points in
/// time and random ids left out; of nobody in particular, who may use them besides. It works with the search_path
/// that it was made with, the others with that of the caller.
constexpr const char *kAccessProbes = R"sql(
CREATE SCHEMA probe;
GRANT USAGE ON SCHEMA probe TO PUBLIC;
CREATE FUNCTION probe.plain(text) RETURNS text LANGUAGE sql IMMUTABLE AS $f$
    SELECT regexp_replace(regexp_replace(regexp_replace($1, '"hour": \d+', '"hour": N', 'g'), '\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?([-+]\d\d(:\d\d)?|Z)?', 'TIME', 'g'),
                          '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'UUID', 'g') $f$;
CREATE FUNCTION probe.attempt(call text) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE
    rows text;
BEGIN
    EXECUTE format('SELECT string_agg(probe.plain(x::text), chr(10)) FROM %s AS x', call) INTO rows;
    RETURN coalesce(rows, 'nothing');
EXCEPTION WHEN OTHERS THEN
    RETURN 'ERROR ' || SQLSTATE;
END $f$;
CREATE FUNCTION probe.denied(call text) RETURNS boolean LANGUAGE plpgsql AS $f$
BEGIN
    EXECUTE format('SELECT count(x) FROM %s AS x', call);
    RAISE EXCEPTION 'undo it';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE = '42501';
END $f$;
CREATE FUNCTION probe.tables() RETURNS SETOF regclass LANGUAGE sql STABLE SET search_path FROM CURRENT AS $f$
    SELECT c.oid::regclass FROM pg_depend AS d
    JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'session_memory'
    JOIN pg_class AS c ON c.oid = d.objid AND c.relkind = 'r'
    WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e' ORDER BY c.relname $f$;
CREATE FUNCTION probe.stored(of_whom text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $f$
DECLARE
    name regclass;
    left_out text[];
    part text;
    everything text := '';
BEGIN
    FOR name IN SELECT probe.tables() LOOP
        left_out := CASE name::text WHEN 'sm_backup' THEN '{bytes}' WHEN 'sm_audit' THEN '{by_role}' ELSE '{}' END;
        EXECUTE format('SELECT string_agg(line, E''\n'' ORDER BY line) FROM'
                       ' (SELECT probe.plain((to_jsonb(t) - %L::text[])::text) FROM %s AS t WHERE t::text ~ $1) AS x (line)',
                       left_out, name)
        INTO part USING of_whom;
        everything := everything || coalesce(format(E'%s: %s\n', name, part), '');
    END LOOP;
    IF of_whom = '' THEN
        everything := everything || (
            SELECT string_agg(format(E'%s: %s %s\n', t, c.relacl, (SELECT string_agg(pg_get_expr(p.polqual, t), ' ') FROM pg_policy AS p WHERE p.polrelid = t)), '' ORDER BY c.relname)
            FROM probe.tables() AS t JOIN pg_class AS c ON c.oid = t);
    END IF;
    RETURN everything;
END $f$
)sql";

// clang-format off
inline const std::vector<Call> kAccessCalls = {
    // What computes, and looks at nothing.
    {"_sm_searchable(jsonb)", "_sm_searchable('{\"of\": \"ann\"}')", ""},
    {"_sm_session_end(timestamp with time zone,interval,interval,timestamp with time zone,bigint,bigint)", "_sm_session_end(now(), '1 day', '1 day', NULL, 0, 0)", ""},
    {"_sm_interaction_end(timestamp with time zone,interval,bigint)", "_sm_interaction_end(now(), '1 day', 0)", ""},
    {"_sm_default_ttl()", "_sm_default_ttl()", ""},
    {"_sm_default_idle_timeout()", "_sm_default_idle_timeout()", ""},
    {"_sm_lifetime(interval,bigint)", "_sm_lifetime('1 day', 0)", ""},
    {"_sm_max_size()", "_sm_max_size()", ""},
    {"_sm_patience()", "_sm_patience()", ""},
    {"_sm_worker_enabled()", "_sm_worker_enabled()", ""},
    {"_sm_cap(integer)", "_sm_cap(5)", ""},
    {"_sm_bytes(jsonb)", "_sm_bytes('{}')", ""},
    {"_sm_time(timestamp with time zone)", "_sm_time(now())", ""},
    {"_sm_check_find(jsonb,text,text,integer)", "_sm_check_find('{}', 'ann1', 'ann', 1)", ""},
    {"_sm_check_name(text,text)", "_sm_check_name('ann1', 'session_id')", ""},
    {"_sm_check_sessions(text,interval,text,integer)", "_sm_check_sessions('ann', '1 day', NULL, 1)", ""},
    {"_sm_begins_turn(jsonb)", "_sm_begins_turn('{\"query\": \"q\"}')", ""},
    {"_sm_check_limit(integer,text)", "_sm_check_limit(1, 'max_results')", ""},
    {"_sm_check_events(text,text,timestamp with time zone,integer)", "_sm_check_events('ann', 'booking', now(), 1)", ""},
    {"_sm_facts(jsonb,text[])", "_sm_facts('{\"city\": \"Porto\"}', NULL)", ""},
    {"_sm_log_weight(timestamp with time zone,real,interval)", "_sm_log_weight('2026-01-01 00:00Z', 1, NULL)", ""},
    {"_sm_log_add(double precision,double precision)", "_sm_log_add(1, 1)", ""},
    {"_sm_log_sum(double precision)", "(SELECT _sm_log_sum(1))", ""},
    {"_sm_concat(double precision[])", "(SELECT _sm_concat('{1}'))", ""},
    {"_sm_quartiles(double precision[])", "_sm_quartiles('{1, 2}')", ""},
    {"_sm_plural(text)", "_sm_plural('city')", ""},
    {"_sm_check_rule(text,text,text,text,text,integer,interval,text)", "_sm_check_rule('booking', 'city', 'top', NULL, NULL, NULL, NULL, NULL)", ""},
    {"_sm_check_learned(text,text)", "_sm_check_learned('ann', NULL)", ""},
    {"_sm_short_object(jsonb,integer)", "_sm_short_object('{\"a\": 1}', 100)", ""},
    {"_sm_short_list(jsonb,integer)", "_sm_short_list('[1]', 100)", ""},
    {"_sm_patched_profile(text,jsonb,jsonb)", "_sm_patched_profile('ann', '{}', '{\"a\": 1}')", ""},
    {"_sm_hour(timestamp with time zone)", "_sm_hour('2026-01-01 12:34:56Z')", ""},
    {"_sm_sources(jsonb,text)", "_sm_sources('{\"metadata\": {\"sources\": [\"e1\"]}}', 'sources')", ""},
    {"_sm_metric(jsonb,text,double precision)", "_sm_metric('{\"metadata\": {\"confidence\": 0.5}}', 'confidence', 1)", ""},
    {"_sm_response_time(jsonb)", "_sm_response_time('{\"metadata\": {\"response_time\": 2}}')", ""},
    {"_sm_confidence(jsonb)", "_sm_confidence('{\"metadata\": {\"confidence\": 0.5}}')", ""},
    {"_sm_access(text)", "_sm_access('writer')", ""},
    {"_sm_isolation(text)", "_sm_isolation('setting')", ""},

    // The core.
    {"sm_add(text,text,text,jsonb,timestamp with time zone,text,text)", "sm_add('ann1', 'q', 'a', '{\"m\": 1}', NULL, 'key', 'ann')", "session_memory=ra sm_session=rw"},
    {"sm_add_message(text,text,text,jsonb,timestamp with time zone,text,text)", "sm_add_message('ann1', 'user', 'hello')", "session_memory=a sm_session=rw"},
    {"sm_append(text,jsonb,text)", "sm_append('ann5', '[{\"of\": \"ann\"}, {}]', 'ann')", "session_memory=a sm_session=raw"},
    {"sm_context(text,integer,integer)", "sm_context('ann1', 3)", "session_memory=r sm_session=r"},
    {"sm_messages(text,integer,integer)", "sm_messages('ann1')", "session_memory=r sm_session=r sm_session_data=r"},
    {"sm_history(text,bigint,integer)", "sm_history('ann1', 5, 3)", "session_memory=r sm_session=r"},
    {"sm_find(jsonb,text,text,integer)", "sm_find('{\"metadata\": {\"topic\": \"x\"}}')", "session_memory=r sm_session=r"},
    {"sm_pop(text,integer)", "sm_pop('ann1', 2)", "session_memory=rd sm_session=rw"},
    {"sm_clear(text)", "sm_clear('ann1')", "session_memory=rd sm_activity=raw sm_artifact=rd sm_artifact_file=rd sm_kb_use=raw sm_orphan=a sm_session=rwd sm_session_data=rd"},
    {"sm_prune(interval,text)", "sm_prune('1 microsecond')", "session_memory=rd sm_activity=raw sm_kb_use=raw sm_session=rw"},
    {"sm_stats()", "sm_stats()", "session_memory=r sm_session=r sm_worker_status=r"},
    {"sm_stats(text)", "sm_stats('ann1')", "sm_session=r"},
    {"sm_health()", "sm_health()", "sm_session=r sm_worker_status=r"},

    // Sessions.
    {"_sm_touch_by_read(text,interval,interval,timestamp with time zone,timestamp with time zone)", "_sm_touch_by_read('ann2', NULL, '1 hour', now() - interval '30 minutes', NULL)", ""},
    {"_sm_report(text,text,timestamp with time zone)", "_sm_report('ann1', 'done', now())", "session_memory=r sm_session=r sm_session_data=r"},
    {"sm_create_session(text,text,interval,interval,integer,jsonb)", "sm_create_session('ann4', 'ann', '1 day', NULL, 5, '{\"of\": \"ann\"}')", "sm_session=ra sm_session_data=raw"},
    {"sm_configure_session(text,interval,interval,integer)", "sm_configure_session('ann1', '2 days', NULL, 7)", "sm_session=rw"},
    {"sm_touch(text)", "sm_touch('ann1')", "sm_session=rw"},
    {"sm_session(text)", "sm_session('ann1')", "sm_session=r sm_session_data=r"},
    {"sm_sessions(text,interval,text,integer)", "sm_sessions()", "sm_session=r"},
    {"sm_state(text)", "sm_state('ann1')", "sm_session=r sm_session_data=r"},
    {"sm_set_state(text,jsonb)", "sm_set_state('ann1', '{\"a\": 1}')", "sm_session=rw sm_session_data=raw"},
    {"sm_set_summary(text,text,bigint)", "sm_set_summary('ann1', 'So far.', 3)", "sm_session=rw sm_session_data=raw"},
    {"sm_summary(text)", "sm_summary('ann1')", "sm_session=r sm_session_data=r"},
    {"sm_claim_summaries(integer,interval)", "sm_claim_summaries()", "session_memory=r sm_session=rw sm_session_data=r"},
    {"sm_prompt(text,integer,integer)", "sm_prompt('ann1')", "session_memory=r sm_session=r sm_session_data=r"},
    {"sm_end_session(text,text)", "sm_end_session('ann1')", "session_memory=r sm_activity=raw sm_kb_use=raw sm_session=rw sm_session_data=raw"},

    // Users.
    {"sm_profile(text)", "sm_profile('ann')", "sm_activity=r sm_profile=r sm_session=r"},
    {"sm_set_profile(text,jsonb)", "sm_set_profile('ann', '{\"name\": \"Ann\"}')", "sm_activity=r sm_profile=raw sm_session=r"},
    {"sm_record_event(text,text,jsonb,timestamp with time zone,real,text)", "sm_record_event('ann', 'booking', '{\"city\": \"Porto\"}', NULL, 0.8, 'ann1')", "sm_event=a sm_profile=raw sm_session=r"},
    {"sm_events(text,text,timestamp with time zone,integer)", "sm_events('ann')", "sm_event=r"},
    {"_sm_rules(text)", "_sm_rules('booking')", "sm_learning_rule=r"},
    {"_sm_kind_rules(text)", "_sm_kind_rules('booking')", "sm_learning_rule=r"},
    {"_sm_kinds(text,text)", "_sm_kinds('ann', NULL)", "sm_event=r sm_learned_kind=r sm_learning_rule=r sm_profile=r"},
    {"_sm_learn(text,text,text[],bigint)", "_sm_learn('ann', 'booking', NULL, 1)", "sm_event=r sm_learning_rule=r"},
    {"_sm_fold(text)", "_sm_fold('ann')", "sm_event=r sm_learned=raw sm_learned_attribute=raw sm_learned_kind=raw sm_learning_rule=r sm_profile=rw"},
    {"_sm_relearn(text)", "_sm_relearn('ann')", "sm_event=r sm_learned=rawd sm_learned_attribute=rawd sm_learned_kind=rawd sm_learning_rule=r sm_profile=rw"},
    {"_sm_outdated(text)", "_sm_outdated('ann')", "sm_learned_kind=r sm_learning_rule=r"},
    {"_sm_learned_json(text,text,boolean)", "_sm_learned_json('ann', NULL, false)", "sm_event=r sm_learned=r sm_learned_attribute=r sm_learned_kind=r sm_learning_rule=r sm_profile=r"},
    {"sm_preferences(text,text)", "sm_preferences('ann')", "sm_event=r sm_learned=r sm_learned_attribute=r sm_learned_kind=r sm_learning_rule=r sm_profile=r"},
    {"sm_insights(text,text)", "sm_insights('ann')", "sm_event=r sm_learned=r sm_learned_attribute=r sm_learned_kind=r sm_learning_rule=r sm_profile=r"},
    {"sm_personalization(text)", "sm_personalization('ann')", "sm_activity=r sm_event=r sm_learned=r sm_learned_attribute=r sm_learned_kind=r sm_learning_rule=r sm_profile=r sm_session=r sm_session_data=r"},
    {"sm_set_learning_rule(text,text,text,text,text,integer,interval,text)", "sm_set_learning_rule('booking', 'city', 'ignore')", "sm_learning_rule=raw", For::kUnbound},
    {"sm_drop_learning_rule(text,text)", "sm_drop_learning_rule('booking', 'city')", "sm_learning_rule=rd"},
    {"_sm_is_active(text,timestamp with time zone)", "_sm_is_active('ann', now())", "sm_activity=r sm_event=r sm_session=r"},
    {"sm_prune_profiles(interval)", "sm_prune_profiles('1 day')", "sm_profile=rw"},
    {"_sm_prune_profiles(interval,integer)", "_sm_prune_profiles('1 day', 10)", "sm_profile=rw"},
    {"sm_user_activity(text)", "sm_user_activity('ann')", "session_memory=r sm_activity=r sm_session=r"},
    {"sm_kb_usage(integer,timestamp with time zone)", "sm_kb_usage()", "session_memory=r sm_kb_use=r sm_session=r"},

    {"_sm_prune_activity(interval,integer)", "_sm_prune_activity('1 microsecond', 10)", "sm_activity=rwd sm_kb_use=rwd sm_profile=raw"},

    // Administration.
    {"_sm_tables()", "_sm_tables()", ""},
    {"_sm_lines_query(text)", "_sm_lines_query('session_id')", ""},
    {"_sm_refuse_line(bigint,text,text)", "_sm_refuse_line(1, 'why')", "", For::kNobody},
    {"_sm_check_lines(jsonb[],bigint)", "_sm_check_lines('{}', 1)", ""},
    {"_sm_merge_rows(text,jsonb[],bigint[],text[],boolean)", "_sm_merge_rows('sm_session_data', '{\"{\\\"session_id\\\": \\\"ann2\\\"}\"}', '{1}', NULL, false)", "sm_session_data=ra"},
    {"_sm_lock_backups()", "_sm_lock_backups()", ""},
    {"_sm_lock_administration()", "_sm_lock_administration()", ""},
    {"_sm_uncount(text[],timestamp with time zone)", "_sm_uncount('{ann3}', now())", "sm_activity=rd sm_kb_use=rd sm_session=r"},
    {"_sm_settle(text[],text[],boolean)", "_sm_settle('{ann1}', '{ann}', true)", "session_memory=r sm_event=r sm_learned=rawd sm_learned_attribute=rawd sm_learned_kind=rawd sm_learning_rule=r sm_profile=rw sm_session=rw"},
    {"_sm_merge(bigint,jsonb,text,text)", "_sm_merge(1, NULL, NULL, NULL)", "session_memory=ra sm_activity=rad sm_artifact=ra sm_artifact_file=ra sm_backup_part=r sm_event=ra sm_kb_use=rad sm_profile=raw sm_session=raw sm_session_data=ra", For::kUnbound},
    {"_sm_note(text,text,bigint,jsonb)", "_sm_note('test', 'ann', NULL, '{}')", "sm_audit=ra", For::kUnbound},
    {"_sm_prune_backups(interval)", "_sm_prune_backups('1 microsecond')", "sm_audit=ra sm_backup=rd sm_backup_part=rd", For::kUnbound},
    {"_sm_count(text,text[])", "_sm_count('ann', '{ann1}')", "session_memory=r sm_activity=r sm_artifact=r sm_artifact_file=r sm_event=r sm_kb_use=r sm_learned=r sm_learned_attribute=r sm_learned_kind=r sm_profile=r sm_session=r sm_session_data=r"},
    {"_sm_remove(text,text[])", "_sm_remove('ann', '{ann1,ann2,ann3}')", "session_memory=rd sm_activity=rd sm_artifact=rd sm_artifact_file=rd sm_event=rd sm_kb_use=rd sm_learned=rd sm_learned_attribute=rd sm_learned_kind=rd sm_orphan=a sm_profile=rd sm_session=rd sm_session_data=rd"},
    {"_sm_erase_from_backups(text,text[])", "_sm_erase_from_backups('ann', '{ann1}')", "sm_audit=rw sm_backup=rd sm_backup_part=rd", For::kUnbound},
    {"_sm_next_user(text)", "_sm_next_user('')", "sm_activity=r sm_profile=r sm_session=r"},
    {"sm_users(text,integer)", "sm_users()", "sm_activity=r sm_profile=r sm_session=r"},
    {"sm_export(text,text)", "sm_export('ann')", "session_memory=r sm_activity=r sm_artifact=r sm_artifact_file=r sm_event=r sm_kb_use=r sm_learned=r sm_learned_attribute=r sm_learned_kind=r sm_learning_rule=r sm_profile=r sm_session=r sm_session_data=r"},
    {"sm_import(jsonb)", "sm_import((SELECT jsonb_agg(l) FROM sm_export('ann') AS l))", "session_memory=ra sm_activity=rad sm_artifact=ra sm_artifact_file=ra sm_event=ra sm_kb_use=rad sm_learned=r sm_learned_attribute=r sm_learned_kind=r sm_learning_rule=r sm_profile=raw sm_session=raw sm_session_data=ra"},
    {"sm_backup(text,text)", "sm_backup('why', 'ann')", "session_memory=r sm_activity=r sm_artifact=r sm_artifact_file=r sm_audit=ra sm_backup=ra sm_backup_part=ra sm_event=r sm_kb_use=r sm_learned=r sm_learned_attribute=r sm_learned_kind=r sm_learning_rule=r sm_profile=r sm_session=r sm_session_data=r", For::kUnbound},
    {"sm_backups()", "sm_backups()", "sm_backup=r", For::kUnbound},
    {"sm_delete_backup(bigint)", "sm_delete_backup(1)", "sm_audit=ra sm_backup=rd sm_backup_part=rd", For::kUnbound},
    {"sm_restore(bigint,text,text)", "sm_restore(1)", "session_memory=ra sm_activity=rad sm_artifact=ra sm_artifact_file=ra sm_audit=ra sm_backup=r sm_backup_part=r sm_event=ra sm_kb_use=rad sm_profile=raw sm_session=raw sm_session_data=ra", For::kUnbound},
    {"sm_forget_user(text,text,boolean)", "sm_forget_user('ann', 'ann')", "session_memory=rd sm_activity=rd sm_artifact=rd sm_artifact_file=rd sm_audit=ra sm_backup=ra sm_backup_part=ra sm_event=rd sm_kb_use=rd sm_learned=rd sm_learned_attribute=rd sm_learned_kind=rd sm_learning_rule=r sm_orphan=a sm_profile=rwd sm_session=rwd sm_session_data=rd", For::kUnbound},
    {"sm_clear_all(text)", "sm_clear_all('YES')", "session_memory=rd sm_activity=rd sm_artifact=rd sm_artifact_file=rd sm_audit=ra sm_backup=ra sm_backup_part=ra sm_event=rd sm_kb_use=rd sm_learned=rd sm_learned_attribute=rd sm_learned_kind=rd sm_learning_rule=r sm_orphan=a sm_profile=rd sm_session=rd sm_session_data=rd", For::kUnbound},

    // Artifacts.
    {"_sm_check_artifact(text,text,text)", "_sm_check_artifact('ann1', 'model', 'kept')", ""},
    {"_sm_check_artifacts(text,text)", "_sm_check_artifacts('ann1', 'model')", ""},
    {"_sm_files(jsonb)", "_sm_files('{\"path\": \"/ann\"}')", ""},
    {"_sm_name_files(text[])", "_sm_name_files('{/ann}')", ""},
    {"_sm_put_artifact(text,text,text,jsonb,timestamp with time zone,timestamp with time zone)", "_sm_put_artifact('ann1', 'model', 'kept', '{\"path\": \"/ann/new\"}', now(), now())", "sm_artifact=raw sm_artifact_file=rad sm_orphan=a"},
    {"_sm_drop_artifact(text,text,text)", "_sm_drop_artifact('ann1', 'model', 'kept')", "sm_artifact=rd sm_artifact_file=rd sm_orphan=a"},
    {"sm_save_artifact(text,text,text,jsonb)", "sm_save_artifact('ann1', 'model', 'kept', '{\"path\": \"/ann/other\"}')", "sm_artifact=raw sm_artifact_file=rad sm_orphan=a sm_session=rw"},
    {"sm_artifact(text,text,text)", "sm_artifact('ann1', 'model', 'kept')", "sm_artifact=r sm_session=r"},
    {"sm_artifacts(text,text)", "sm_artifacts('ann1')", "sm_artifact=r sm_session=r"},
    {"sm_delete_artifact(text,text,text)", "sm_delete_artifact('ann1', 'model', 'kept')", "sm_artifact=rd sm_artifact_file=rd sm_orphan=a sm_session=rw"},
    {"sm_claim_orphans(integer)", "sm_claim_orphans()", "sm_artifact_file=r sm_orphan=rwd", For::kUnbound},
    {"sm_confirm_orphans(text[])", "sm_confirm_orphans('{/ann/gone}')", "sm_artifact_file=r sm_orphan=rwd", For::kUnbound},
    {"_sm_remove_artifacts(text[])", "_sm_remove_artifacts('{ann1}')", "sm_artifact=rd sm_artifact_file=rd sm_orphan=a"},

    // Powers.
    {"_sm_check_owner(text)", "_sm_check_owner('no')", "", For::kOwner},
    {"_sm_check_grantee(regrole,text)", "_sm_check_grantee('pg_monitor', 'reader')", "", For::kOwner},
    {"_sm_take_access(regrole)", "_sm_take_access('pg_monitor')", "", For::kOwner},
    {"sm_grant(regrole,text)", "sm_grant('pg_monitor', 'reader')", "", For::kOwner},
    {"sm_revoke(regrole)", "sm_revoke('pg_monitor')", "", For::kOwner},
    {"sm_isolate(text)", "sm_isolate()", "", For::kOwner},
    {"sm_isolate_off()", "sm_isolate_off()", "", For::kOwner},
};
// clang-format on

}  // namespace sm_test
