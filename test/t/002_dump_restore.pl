# pg_dump and pg_restore bring every row back, also into a server whose janitor is at work.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = PostgreSQL::Test::Cluster->new('source');
$source->init;
$source->start;

my $target = PostgreSQL::Test::Cluster->new('target');
$target->init;
$target->append_conf('postgresql.conf', q{
shared_preload_libraries = 'session_memory'
session_memory.nap_time = 100ms
});
$target->start;

# Sessions of all kinds, in a schema of its own for good measure.
$source->safe_psql('postgres', q{
    CREATE SCHEMA "The Memory";
    CREATE EXTENSION session_memory SCHEMA "The Memory";
    SET search_path = "The Memory";
    SELECT sm_add('s' || i % 20, 'q' || i, repeat('answer ', i), jsonb_build_object('n', i),
                  clock_timestamp() - make_interval(mins => i), 'key' || i, 'user' || i % 20)
    FROM generate_series(1, 300) AS i;
    SELECT sm_append('tools', '[{"role": "assistant", "tool_calls": [{"id": "1"}]},
                                {"role": "tool", "tool_call_id": "1", "content": "é\"\\\\\n漢字"}]');
    UPDATE sm_session SET ttl = '30 days', idle_timeout = '7 days', max_interactions = 1000 WHERE session_id = 's1';
    UPDATE sm_session SET ended_at = now() WHERE session_id = 's2';
    SELECT sm_add('gaps', 'q', 'a'), sm_add('gaps', 'q', 'a');
    SELECT sm_pop('gaps');
    SELECT sm_add('empty', 'q', 'a');
    SELECT sm_pop('empty');
    SELECT sm_set_state('s4', '{"slots": {"city": "Rome", "nothing": null}}'), sm_set_summary('s4', E'A\n"summary"', 3);
    SELECT sm_add('ended', 'q', 'a', '{"sources": ["entry"]}', user_id => 'user4'), sm_end_session('ended') IS NOT NULL;
    SELECT sm_set_profile('user4', '{"name": "O''Hara"}'), sm_record_event('user4', 'booking', '{"city": "Rome"}', satisfaction => 0.1);
    SELECT sm_set_learning_rule('booking', 'city', top => 3), _sm_relearn('user4');
    INSERT INTO sm_artifact VALUES ('s4', 'model', 'm', '{"r2": 0.90}', now(), now());
    INSERT INTO sm_artifact_file VALUES ('s4', 'model', 'm', 1, 's3://models/m');
    INSERT INTO sm_orphan (session_id, kind, name, uri, due_at) VALUES ('gone', 'model', 'm', 's3://models/gone', 'infinity');
    SELECT sm_backup('before the dump'), sm_backup(E'of\t"user4"', 'user4');
});

# The tables that are marked for dumps: all of the extension but the worker's notes (sql/install.sql sees to that).
my @tables = split /\n/, $source->safe_psql('postgres', q{
	SELECT c.relname FROM pg_extension AS e JOIN pg_class AS c ON c.oid = ANY (e.extconfig) WHERE e.extname = 'session_memory' ORDER BY 1});

# All there is in some of them, as text.
sub contents
{
	my ($node, $database, @names) = @_;
	return $node->safe_psql($database, join '', map {
		qq{SELECT '$_', t::text FROM "The Memory".$_ AS t ORDER BY t::text COLLATE "C";\n} } @names ? @names : @tables);
}

my $expected = contents($source, 'postgres');
cmp_ok(length $expected, '>', 100_000, 'there is something to dump');
for my $table (@tables)
{
	like($expected, qr/^$table\|/m, "there is something in $table");
}

my $folder = $source->basedir;
$source->command_ok([ 'pg_dump', '-d', $source->connstr('postgres'), '-f', "$folder/plain.sql" ], 'pg_dump, plain');
$source->command_ok([ 'pg_dump', '-Fc', '-d', $source->connstr('postgres'), '-f', "$folder/custom.dump" ],
	'pg_dump, custom');
$source->command_ok([ 'pg_dump', '-Fd', '-j2', '-d', $source->connstr('postgres'), '-f', "$folder/folder" ],
	'pg_dump, directory');

for my $node ($source, $target)
{
	my $which = $node->name;
	my %restores = (
		plain  => sub { [ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $_[0], '-f', "$folder/plain.sql" ] },
		custom => sub { [ 'pg_restore', '--exit-on-error', '-d', $_[0], "$folder/custom.dump" ] },
		folder => sub { [ 'pg_restore', '--exit-on-error', '-j2', '-d', $_[0], "$folder/folder" ] },
	);
	for my $format (sort keys %restores)
	{
		my $database = "from_$format";
		$node->safe_psql('postgres', "CREATE DATABASE $database");
		$node->command_ok($restores{$format}->($node->connstr($database)), "restore $format to $which");
		is(contents($node, $database), $expected, "$format to $which: every row is back");
		# And it is alive.
		is($node->safe_psql($database, q{SELECT "The Memory".sm_add('gaps', 'q', 'a')}),
			'3', "$format to $which: seq goes on");
		is($node->safe_psql($database, q{SELECT "The Memory".sm_add('s3', 'q', 'a', idempotency_key => 'key3')}),
			'1', "$format to $which: keys are known");
	}
}

# The backups came along, and work: cleared and restored, the memory is what it was.
my @memory = split /\n/, $source->safe_psql('postgres', q{SELECT name FROM "The Memory"._sm_tables()});
for my $node ($source, $target)
{
	is($node->safe_psql('from_plain', q{SELECT "The Memory".sm_clear_all('YES') -> 'confirmed'}), 'true', 'clear on ' . $node->name);
	is($node->safe_psql('from_plain', q{SELECT r -> 'different' FROM "The Memory".sm_restore(1) AS r}), '0', 'restore the backup on ' . $node->name);
	is(contents($node, 'from_plain', @memory), contents($source, 'postgres', @memory), 'every row is back on ' . $node->name);
}

# The janitor has been there, and has taken nothing.
for my $database (qw(from_plain from_custom from_folder))
{
	ok($target->poll_query_until($database, q{SELECT coalesce(sum(bursts), 0) >= 2 FROM "The Memory".sm_worker_status}),
		"the janitor works in $database");
	is($target->safe_psql($database, q{SELECT removed_total, worker_last_error FROM "The Memory".sm_stats()}),
		'0|', "and has removed nothing");
}

# What has expired since the dump is never shown, and goes.
$source->safe_psql('postgres', q{
	SET search_path = "The Memory";
	SET session_memory.worker = off;
	UPDATE sm_session SET ttl = '1 day' WHERE session_id <> 's1';
	UPDATE session_memory SET created_at = created_at - interval '2 days' WHERE session_id IN ('s1', 's5');
	UPDATE sm_session SET prune_at = now() - interval '1 hour' WHERE session_id IN ('s1', 's5');
});
$source->command_ok([ 'pg_dump', '-Fc', '-d', $source->connstr('postgres'), '-f', "$folder/expired.dump" ], 'pg_dump again');
$target->safe_psql('postgres', 'CREATE DATABASE from_expired');
$target->command_ok([ 'pg_restore', '--exit-on-error', '-d', $target->connstr('from_expired'), "$folder/expired.dump" ],
	'restore what has expired');
is($target->safe_psql('from_expired', q{SELECT json_array_length("The Memory".sm_context('s5', 100))}), '0', 'it is hidden');
is($target->safe_psql('from_expired', q{SELECT json_array_length("The Memory".sm_context('s1', 100))}),
	'15', 'what lives longer is shown');
ok($target->poll_query_until('from_expired', q{SELECT count(*) = 0 FROM "The Memory".session_memory WHERE session_id = 's5'}),
	'it goes');

# DROP EXTENSION takes everything with it, and leaves nothing.
$source->safe_psql('from_plain', 'DROP EXTENSION session_memory');
is($source->safe_psql('from_plain', q{
	SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = n.oid), (SELECT count(*) FROM pg_proc WHERE pronamespace = n.oid),
	       (SELECT count(*) FROM pg_type WHERE typnamespace = n.oid) FROM pg_namespace AS n WHERE nspname = 'The Memory'}),
	'0|0|0', 'DROP EXTENSION leaves nothing behind');

$_->stop for $source, $target;
done_testing();
