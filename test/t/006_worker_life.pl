# The life of the workers under all that can happen to them: there is one launcher and at most one
# janitor at work in a database, they are back at work soon, they are in nobody's way, hold no snapshot
# while they rest, and their memory does not grow.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep time);

my $long = $ENV{SM_LONG};
# The promises; a short run on a busy machine is more patient.
my $back_within = $long ? 10 : 60;
my $gives_way_within = $long ? 5 : 30;
my $slowest_return = 0;

my $node = PostgreSQL::Test::Cluster->new('life');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'session_memory'
session_memory.nap_time = 100ms
allow_in_place_tablespaces = on
restart_after_crash = on
});
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql($_, 'CREATE EXTENSION session_memory') for 'postgres', 'other';

sub value { return $node->safe_psql('postgres', $_[0]) }

# Asks until it is true; also while the server restarts. Returns the seconds it took, or undef.
sub seconds_until
{
	my ($query, $database) = @_;
	my $began = time();
	while (time() < $began + 120)
	{
		my ($status, $answer) = $node->psql($database // 'postgres', $query);
		return time() - $began if defined $status && $status == 0 && ($answer // '') eq 't';
		usleep(50_000);
	}
	return undef;
}

sub add_expired
{
	my ($database) = @_;
	$node->safe_psql($database, q{SELECT sm_add('old', 'q', 'a', created_at => clock_timestamp() - interval '2 days')});
}

# Expired interactions, to be removed in small steps: work for some seconds.
sub make_backlog
{
	my ($database) = @_;
	$node->safe_psql($database, qq{
		ALTER DATABASE $database SET session_memory.batch_size = 1;
		SELECT sm_append('s' || i, (SELECT jsonb_agg(jsonb_build_object('timestamp', clock_timestamp() - interval '2 days'))
		                            FROM generate_series(1, 10)))
		FROM generate_series(1, 1500) AS i});
}

sub work_off_backlog
{
	my ($database) = @_;
	$node->safe_psql('postgres', "ALTER DATABASE $database RESET session_memory.batch_size");
	defined seconds_until('SELECT count(*) = 0 FROM session_memory', $database) or die "the backlog stays in $database";
}

# All is right again: one launcher, and a janitor has begun since in both databases, and removes.
sub right_again
{
	my ($after) = @_;
	my $began = time();
	for my $database ('postgres', 'other')
	{
		defined seconds_until("SELECT max(last_run_at) > to_timestamp($began) FROM sm_worker_status", $database)
		  or die "after $after no janitor comes to $database";
	}
	my $seconds = time() - $began;
	$slowest_return = $seconds if $seconds > $slowest_return;
	cmp_ok($seconds, '<=', $back_within, "after $after all is right again in time");
	is(value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'session_memory launcher'"), '1', 'with one launcher');
	add_expired('other');
	ok(defined seconds_until('SELECT count(*) = 0 FROM session_memory', 'other'), 'and what has expired goes');
}

my $launcher = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'session_memory launcher'";
# A janitor's pid, while it works.
sub a_janitor
{
	my $end = time() + 60;
	while (time() < $end)
	{
		my $pid = value("SELECT min(pid) FROM pg_stat_activity WHERE backend_type = 'session_memory janitor' AND state = 'active'");
		return $pid if $pid;
	}
	die 'no janitor works';
}

right_again('the start');

for my $function ('pg_terminate_backend', 'pg_cancel_backend')
{
	value("SELECT $function(pid) FROM ($launcher) AS l");
	right_again("$function of the launcher");
}

make_backlog('postgres');
for my $function ('pg_terminate_backend', 'pg_cancel_backend')
{
	value("SELECT $function(" . a_janitor() . ')');
	# The backlog is worked off all the same.
}
# At most one is at work, though the launcher and each janitor's successor would like to be. One that is
# about to exit may still be listed: two are two only if both stay.
my $most = value(q{
	CREATE FUNCTION most_janitors() RETURNS bigint LANGUAGE plpgsql AS $$
	DECLARE
		most bigint := 0;
		at_work bigint;
		pids int[];
	BEGIN
		FOR i IN 1..300 LOOP
			PERFORM pg_stat_clear_snapshot();
			pids := ARRAY(SELECT pid FROM pg_stat_activity
			              WHERE backend_type = 'session_memory janitor' AND state = 'active' AND datname = current_database());
			at_work := cardinality(pids);
			IF at_work > 1 THEN
				PERFORM pg_sleep(0.1), pg_stat_clear_snapshot();
				SELECT count(*) INTO at_work FROM pg_stat_activity WHERE state = 'active' AND pid = ANY (pids);
			END IF;
			most := greatest(most, at_work);
			PERFORM pg_sleep(0.01);
		END LOOP;
		RETURN most;
	END $$;
	SELECT most_janitors()});
is($most, '1', 'there is one janitor at work in a database, never two');
work_off_backlog('postgres');
right_again('janitors were terminated and cancelled');

my $pid = value($launcher);
my $postmaster = value(q{SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)});
make_backlog('postgres');
for (1 .. 200) { kill 'HUP', $postmaster; usleep(2_000) }
right_again('200 SIGHUPs');
is(value($launcher), $pid, 'which is the one that was there');
work_off_backlog('postgres');

make_backlog('postgres');
kill 'KILL', a_janitor();
right_again('SIGKILL of a janitor');
work_off_backlog('postgres');

# --- the extension goes and comes -------------------------------------------------------------------

make_backlog('postgres');
a_janitor();
value('BEGIN; DROP EXTENSION session_memory; ROLLBACK');
right_again('DROP EXTENSION was rolled back');
work_off_backlog('postgres');
value('DROP EXTENSION session_memory');
add_expired('other');
ok(defined seconds_until('SELECT count(*) = 0 FROM session_memory', 'other'), 'another database is cleaned up without it');
value('BEGIN; CREATE EXTENSION session_memory; ROLLBACK');
value('CREATE EXTENSION session_memory');
right_again('it was dropped and created');
$node->safe_psql('postgres', 'DROP DATABASE other');
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE SCHEMA memory; CREATE EXTENSION session_memory SCHEMA memory');
$node->safe_psql('other', 'ALTER DATABASE other SET search_path = memory');
right_again('a database was dropped and created');
unlike($node->safe_psql('postgres', "SELECT coalesce(string_agg(last_error, ' '), '') FROM sm_worker_status"), qr/./, 'the janitor met no error');

# --- in nobody's way --------------------------------------------------------------------------------

# Runs while a janitor works on a backlog; the server itself gives up after 5 seconds with others there.
my $slowest = 0;
sub gives_way
{
	my ($statement, $database) = @_;
	make_backlog($database);
	a_janitor();
	my $began = time();
	my ($status, undef, $errors) = $node->psql('postgres', $statement);
	my $seconds = time() - $began;
	$slowest = $seconds if $seconds > $slowest;
	is($errors, '', "$statement while it works");
	cmp_ok($seconds, '<', $gives_way_within, 'in time');
}

$node->safe_psql('postgres', 'CREATE DATABASE place');
$node->safe_psql('postgres', "CREATE TABLESPACE space LOCATION ''");
for my $round (1 .. ($long ? 5 : 1))
{
	$node->safe_psql('place', 'CREATE EXTENSION session_memory');
	gives_way('CREATE DATABASE copy TEMPLATE place', 'place');
	gives_way('ALTER DATABASE place RENAME TO renamed', 'place');
	gives_way('ALTER DATABASE renamed SET TABLESPACE space', 'renamed');
	gives_way('ALTER DATABASE renamed SET TABLESPACE pg_default', 'renamed');
	gives_way('DROP DATABASE renamed', 'renamed');
	$node->safe_psql('postgres', 'ALTER DATABASE copy RENAME TO place');
	$node->safe_psql('place', 'DROP EXTENSION session_memory');
}
$node->safe_psql('postgres', 'DROP DATABASE place');

# --- its memory, and its rest -----------------------------------------------------------------------

# Kilobytes that are the launcher's own.
sub memory
{
	my ($kilobytes) = slurp_file('/proc/' . value($launcher) . '/status') =~ /^RssAnon:\s+(\d+) kB/m;
	return $kilobytes;
}

# Cycles are counted by the janitor's bursts in one of the databases.
my $bursts = 'SELECT coalesce(sum(bursts), 0) FROM sm_worker_status';
sub let_pass
{
	my ($cycles) = @_;
	my $until = value($bursts) + $cycles;
	my $end = time() + 10 + 2 * $cycles;
	while (value($bursts) < $until)
	{
		die 'the cycles take too long' if time() > $end;
		usleep($long ? 1_000_000 : 100_000);
	}
}

SKIP:
{
	skip 'no /proc to see memory in', 1 unless -r "/proc/$$/status";
	my $cycles = $long ? 10_000 : 100;
	let_pass(20);
	my $before = memory();
	let_pass($cycles);
	my $after = memory();
	cmp_ok($after - $before, '<=', 200, "the launcher's memory is flat over $cycles cycles");
	note "figure: launcher's memory $before kB, $cycles cycles later $after kB";
}

$node->safe_psql('postgres', "ALTER SYSTEM SET session_memory.nap_time = '1h'");
$node->reload;
# It naps now, or soon.
my $holds = "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'session_memory%' AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)";
my ($still, $last) = (0, -1);
while ($still < 20)
{
	my $now = value($bursts);
	$still = $now == $last ? $still + 1 : 0;
	$last = $now;
	usleep(100_000);
}
is(join('', map { usleep(10_000); value($holds) } 1 .. 30), '0' x 30, 'at rest it holds no snapshot');
is(value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'session_memory janitor'"), '0', 'and no janitor is there');
note sprintf 'figure: right again within %.1f s, gave way within %.1f s', $slowest_return, $slowest;

$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|signal 11|signal 6/, 'nothing crashed but by our hand');
done_testing();
