# pg_upgrade to a cluster of the same major version, with and without shared_preload_libraries: every
# row is back, nobody works on the tables meanwhile, and the memory goes on.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Cwd;

# All tables of the extension but the worker's notes, as text.
my $contents = q{
	SELECT string_agg(format('%s: %s', c.relname, md5(query_to_xml(format('SELECT t::text COLLATE "C" FROM %s AS t ORDER BY 1', c.oid::regclass), true, true, '')::text)),
	                  E'\n' ORDER BY c.relname)
	FROM pg_depend AS d JOIN pg_class AS c ON c.oid = d.objid
	WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'session_memory')
	  AND d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND c.relkind = 'r' AND c.relname <> 'sm_worker_status'};
# What the extension consists of.
my $objects = q{
	SELECT string_agg(pg_describe_object(classid, objid, objsubid), E'\n' ORDER BY 1) FROM (
		SELECT classid, objid, objsubid FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
		AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'session_memory')
		ORDER BY pg_describe_object(classid, objid, objsubid)) AS x};

for my $preload ('', 'session_memory')
{
	my $which = $preload ? 'preloaded' : 'plain';
	my $conf = qq{
shared_preload_libraries = '$preload'
session_memory.nap_time = 100ms
};
	my $old = PostgreSQL::Test::Cluster->new("old_$which");
	my $new = PostgreSQL::Test::Cluster->new("new_$which");
	for my $node ($old, $new)
	{
		$node->init;
		$node->append_conf('postgresql.conf', $conf);
	}
	$old->append_conf('postgresql.conf', 'session_memory.worker = off');
	$old->start;
	$old->safe_psql('postgres', q{
		CREATE SCHEMA memory;
		CREATE EXTENSION session_memory SCHEMA memory;
		ALTER DATABASE postgres SET search_path = memory;
		CREATE ROLE app;
	});
	$old->safe_psql('postgres', q{
		SELECT sm_grant('app', 'writer');
		SELECT sm_add('s' || i % 20, 'q' || i, repeat('answer ', i), jsonb_build_object('n', i), NULL, 'key' || i, 'user' || i % 20)
		FROM generate_series(1, 300) AS i;
		SELECT sm_set_state('s1', '{"slot": "value"}'), sm_set_summary('s1', 'So far.', 3), sm_end_session('s2'), sm_pop('s3');
		SELECT sm_add('late', 'q', 'a');
	});
	my $expected_objects = $old->safe_psql('postgres', $objects);
	# Due when the upgrade comes: a janitor at work meanwhile would take it.
	$old->safe_psql('postgres', q{
		UPDATE session_memory SET created_at = created_at - interval '2 days' WHERE session_id = 'late';
		UPDATE sm_session SET prune_at = now() - interval '1 day' WHERE session_id = 'late';
	});
	my $expected = $old->safe_psql('postgres', $contents);
	$old->stop;

	# It writes where it stands.
	my $here = getcwd();
	chdir $new->basedir or die $!;
	command_ok(
		[   'pg_upgrade', '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir, '-b', $old->config_data('--bindir'),
			'-B', $new->config_data('--bindir'), '-s', $new->host, '-p', $old->port, '-P', $new->port, '-U', scalar(getpwuid($>)) ],
		"$which: pg_upgrade");
	chdir $here or die $!;

	$new->append_conf('postgresql.conf', 'session_memory.worker = off');
	$new->start;
	is($new->safe_psql('postgres', $contents), $expected, "$which: every row is back");
	is($new->safe_psql('postgres', $objects), $expected_objects, "$which: and every object");
	is($new->safe_psql('postgres', q{SELECT sm_context('late')}), '[]', "$which: what has expired is hidden");
	is($new->safe_psql('postgres', q{SELECT sm_add('s3', 'q', 'a'), sm_add('s4', 'q', 'a', idempotency_key => 'key4')}),
		'16|1', "$which: seq goes on, and keys are known");
	is($new->safe_psql('postgres', q{SET ROLE app; SELECT sm_state('s1'), json_array_length(sm_context('s1', 100)) > 0}),
		'{"slot": "value"}|t', "$which: grants are there");
	$new->safe_psql('postgres', 'ALTER SYSTEM SET session_memory.worker = on');
	$new->reload;
	ok($new->poll_query_until('postgres', q{SELECT count(*) = 0 FROM session_memory, sm_context('nobody') WHERE session_id = 'late'}),
		"$which: the janitor works");
	$new->stop;
	unlike(slurp_file($old->logfile), qr/PANIC|TRAP|terminated by signal/, "$which: a calm log");
}

done_testing();
