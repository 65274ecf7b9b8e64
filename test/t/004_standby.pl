# A physical standby: reads work and hide what has expired there, writing is refused, nothing cleans
# up. After promotion clean-up goes on.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
# Off on the primary, so that what has expired is there to be hidden.
$primary->append_conf('postgresql.conf', q{
shared_preload_libraries = 'session_memory'
session_memory.nap_time = 100ms
session_memory.worker = off
});
$primary->start;
$primary->safe_psql('postgres', 'CREATE EXTENSION session_memory');
$primary->backup('backup');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'session_memory.worker = on');
$standby->start;

# Without the module preloaded, a standby must not start janitors on demand either.
my $plain = PostgreSQL::Test::Cluster->new('plain_standby');
$plain->init_from_backup($primary, 'backup', has_streaming => 1);
$plain->append_conf('postgresql.conf', q{
shared_preload_libraries = ''
session_memory.worker = on
});
$plain->start;

$primary->safe_psql('postgres', q{
	SELECT sm_add('lives', 'q' || i, 'a', user_id => 'ann') FROM generate_series(1, 10) AS i;
	SELECT sm_add('dies', 'q' || i, 'a') FROM generate_series(1, 7) AS i;
	UPDATE sm_session SET ttl = '1 second', prune_at = now() WHERE session_id = 'dies';
});
$primary->wait_for_catchup($_) for $standby, $plain;

for my $node ($standby, $plain)
{
	my $name = $node->name;
	is($node->safe_psql('postgres', q{
			SELECT sm_context('lives', 2)::jsonb -> 1 ->> 'query', json_array_length(sm_messages('lives', 100)),
			       (SELECT count(*) FROM sm_history('lives')), (SELECT count(*) FROM sm_find('{}', 'lives')),
			       (SELECT interactions FROM sm_stats('lives')), (SELECT count(*) FROM session_history WHERE session_id = 'lives')}),
		'q10|20|10|10|10|1', "$name: reads work");

	ok($node->poll_query_until('postgres', q{SELECT sm_context('dies')::text = '[]'}), "$name: what has expired is hidden");
	is($node->safe_psql('postgres', q{
			SELECT (SELECT count(*) FROM session_memory WHERE session_id = 'dies'), (SELECT count(*) FROM sm_history('dies')),
			       json_array_length(sm_messages('dies')), (SELECT count(*) FROM sm_find('{}', 'dies')),
			       (SELECT count(*) FROM sm_stats('dies')), (SELECT count(*) FROM session_history WHERE session_id = 'dies')}),
		'7|0|0|0|0|0', "$name: in every function, though it is stored");

	for my $call (
		q{sm_add('lives', 'q', 'a')}, q{sm_add_message('lives', 'user', 'c')}, q{sm_append('lives', '{}')},
		q{sm_pop('lives')}, q{sm_clear('lives')}, q{sm_prune()}, q{sm_prune(session_id => 'dies')})
	{
		my (undef, undef, $errors) = $node->psql('postgres', "\\set VERBOSITY sqlstate\nSELECT $call");
		like($errors, qr/\b25006\b/, "$name: $call is refused");
	}
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'session_memory%'}),
		'0', "$name: no worker");
	is($node->safe_psql('postgres', q{SELECT count(*), max(seq) FROM session_memory WHERE session_id = 'lives'}),
		'10|10', "$name: nothing is written");
	is($node->safe_psql('postgres', q{SELECT sm_health() ->> 'status' IN ('ok', 'degraded', 'failing')}), 't', "$name: sm_health works");
	unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal|during recovery.*janitor/, "$name: a calm log");
}

$plain->stop;
$primary->stop;
$standby->promote;
ok($standby->poll_query_until('postgres', q{SELECT count(*) = 0 FROM session_memory WHERE session_id = 'dies'}),
	'after promotion clean-up goes on');
is($standby->safe_psql('postgres', q{SELECT sm_add('lives', 'q11', 'a')}), '11', 'and seq goes on');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'session_memory launcher'}),
	'1', 'the launcher is there');
is($standby->safe_psql('postgres', q{
		SELECT s.interactions = count(m.seq) AND s.tokens = sum(m.tokens) AND s.bytes = sum(_sm_bytes(m.interaction))
		FROM sm_session AS s JOIN session_memory AS m USING (session_id) WHERE s.session_id = 'lives' GROUP BY s.session_id}),
	't', 'counters are exact');

$standby->stop;
done_testing();
