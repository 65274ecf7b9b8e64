# A promoted standby prunes soon. A logical subscriber receives what is added and what is pruned.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $long = $ENV{SM_LONG};

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->append_conf('postgresql.conf', q{
shared_preload_libraries = 'session_memory'
session_memory.nap_time = 100ms
});
$publisher->start;
$publisher->safe_psql('postgres', q{
	CREATE EXTENSION session_memory;
	SELECT sm_add('before', 'q' || i, 'a', user_id => 'ann') FROM generate_series(1, 10) AS i;
	SELECT sm_set_state('before', '{"slot": 1}');
});

# --- a logical subscriber ---------------------------------------------------------------------------

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
# Whoever prunes at the source prunes here.
$subscriber->append_conf('postgresql.conf', 'session_memory.worker = off');
$subscriber->start;
$subscriber->safe_psql('postgres', 'CREATE EXTENSION session_memory');

$publisher->safe_psql('postgres', 'CREATE PUBLICATION memory FOR TABLE session_memory, sm_session, sm_session_data');
my $connection = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION memory CONNECTION '$connection' PUBLICATION memory");
$subscriber->wait_for_subscription_sync($publisher, 'memory') if $subscriber->can('wait_for_subscription_sync');
ok($subscriber->poll_query_until('postgres', "SELECT count(*) = 3 FROM pg_subscription_rel WHERE srsubstate = 'r'"), 'the subscriber has copied');
is($subscriber->safe_psql('postgres', q{SELECT json_array_length(sm_context('before', 100)), sm_state('before')}),
	'10|{"slot": 1}', 'what was there before is there');

# All there is, as text.
my $contents = q{
	SELECT md5(coalesce(string_agg(t, E'\n' ORDER BY t), '')), count(*) FROM (
		SELECT m::text FROM session_memory AS m
		UNION ALL SELECT s::text FROM sm_session AS s
		UNION ALL SELECT d::text FROM sm_session_data AS d) AS x (t)};
sub same
{
	my ($what) = @_;
	$publisher->wait_for_catchup('memory');
	is($subscriber->safe_psql('postgres', $contents), $publisher->safe_psql('postgres', $contents), $what);
}

$publisher->safe_psql('postgres', q{
	SELECT sm_add('s' || i % 7, 'q' || i, repeat('answer ', i), user_id => 'u' || i % 7) FROM generate_series(1, 200) AS i;
	SELECT sm_append('before', '[{"role": "user", "content": "more"}, {"role": "assistant", "content": "less"}]');
	SELECT sm_set_summary('s1', 'So far.', 3), sm_end_session('s2'), sm_pop('s3', 2), sm_clear('s4');
});
same('it receives what is added, changed and taken');
is($subscriber->safe_psql('postgres', q{SELECT count(*) > 100 FROM session_memory}), 't', 'which is something');

$publisher->safe_psql('postgres', q{
	BEGIN;
	SELECT sm_append('old', (SELECT jsonb_agg(jsonb_build_object('n', n, 'timestamp', clock_timestamp() - make_interval(hours => 20 * n)))
	                         FROM generate_series(1, 5) AS n));
	UPDATE sm_session SET ttl = '1 second', last_activity_at = last_activity_at - interval '1 hour', prune_at = now() WHERE session_id = 's5';
	COMMIT;
});
ok($publisher->poll_query_until('postgres', q{SELECT (SELECT count(*) FROM session_memory WHERE session_id = 'old') = 1
	AND NOT EXISTS (SELECT FROM sm_session WHERE session_id = 's5')}), 'the janitor prunes interactions and a session');
same('it receives what is pruned');
is($subscriber->safe_psql('postgres', q{
		SELECT s.session_id FROM sm_session AS s LEFT JOIN session_memory AS m USING (session_id)
		GROUP BY s.session_id HAVING s.interactions <> count(m.seq)}),
	'', 'its counters are exact');
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION memory');
is($subscriber->safe_psql('postgres', q{SELECT sm_add('before', 'q', 'a')}), '13', 'on its own, seq goes on');
$subscriber->stop;

# --- a physical standby -----------------------------------------------------------------------------

$publisher->safe_psql('postgres', 'DROP PUBLICATION memory');
$publisher->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($publisher, 'backup', has_streaming => 1);
$standby->start;
$publisher->safe_psql('postgres', q{ALTER SYSTEM SET session_memory.worker = off});
$publisher->reload;
$publisher->poll_query_until('postgres', q{SELECT setting = 'off' FROM pg_settings WHERE name = 'session_memory.worker'});
# The last burst may still be at it.
$publisher->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'session_memory janitor'});
$publisher->safe_psql('postgres', q{SELECT sm_add('dies', 'q', 'a', created_at => clock_timestamp() - interval '2 days') FROM generate_series(1, 10)});
$publisher->wait_for_catchup($standby);
is($standby->safe_psql('postgres', q{SELECT count(*), sm_context('dies')::text FROM session_memory WHERE session_id = 'dies'}), '10|[]',
	'on a standby what has expired is there, and hidden');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'session_memory%'}), '0', 'no worker in recovery');
$publisher->stop;
my $began = time();
$standby->promote;
ok($standby->poll_query_until('postgres', q{SELECT count(*) = 0 FROM session_memory WHERE session_id = 'dies'}), 'promoted, it prunes');
my $seconds = time() - $began;
cmp_ok($seconds, '<', $long ? 10 : 60, 'in time');
note sprintf 'figure: pruned %.1f s after promotion', $seconds;
$standby->stop;

done_testing();
