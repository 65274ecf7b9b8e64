# The launcher and the janitors over the life of a server: restart, crash, termination, settings that
# change, and a server without a free worker slot.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep time);

my $node = PostgreSQL::Test::Cluster->new('worker');
$node->init;
# With the launcher in one slot, one is left for a janitor.
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'session_memory'
session_memory.nap_time = 100ms
max_worker_processes = 2
max_logical_replication_workers = 0
restart_after_crash = on
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION session_memory');

my $launcher = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'session_memory launcher'";

sub add_expired
{
	my ($server) = @_;
	$server->safe_psql('postgres', q{
		SELECT sm_add('old', 'q', 'a', created_at => clock_timestamp() - interval '2 days')});
}

# Whether the expired goes, without a call of ours.
sub cleans_up
{
	my ($server) = @_;
	return $server->poll_query_until('postgres', q{SELECT count(*) = 0 FROM session_memory});
}

sub launcher_is_there
{
	my ($seconds, $but) = @_;
	my $end = time() + $seconds;
	my $pid;
	do
	{
		my (undef, $out) = $node->psql('postgres', $launcher);
		$pid = $out // '';
		return 1 if $pid =~ /^\d+$/ && $pid ne ($but // '');
		usleep(50_000);
	} while (time() < $end);
	return 0;
}

ok(launcher_is_there(10), 'the server starts a launcher');
add_expired($node);
ok(cleans_up($node), 'it cleans up');

$node->restart;
ok(launcher_is_there(10), 'a restart brings it back');
add_expired($node);
ok(cleans_up($node), 'it cleans up');

$node->stop('immediate');
$node->start;
ok(launcher_is_there(10), 'a crash brings it back');

my $pid = $node->safe_psql('postgres', $launcher);
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
ok(launcher_is_there(10, $pid), 'terminated, it is back within 10 seconds');
add_expired($node);
ok(cleans_up($node), 'it cleans up');

$pid = $node->safe_psql('postgres', $launcher);
kill 'KILL', $pid;
ok(launcher_is_there(30, $pid), 'killed, it comes back with the server');
add_expired($node);
ok(cleans_up($node), 'it cleans up');

# A database where it fails is not the end.
$node->safe_psql('postgres', 'CREATE DATABASE broken');
$node->safe_psql('broken', q{
	CREATE EXTENSION session_memory;
	ALTER EXTENSION session_memory DROP TABLE sm_worker_status;
	DROP TABLE sm_worker_status CASCADE;
});
add_expired($node);
ok(cleans_up($node), 'a broken database does not starve the others');
$node->safe_psql('postgres', 'DROP DATABASE broken');

# --- settings that change --------------------------------------------------------------------------

sub set_for_all
{
	my ($setting, $value) = @_;
	$node->safe_psql('postgres', "ALTER SYSTEM SET $setting = '$value'");
	$node->reload;
	$node->poll_query_until('postgres', "SELECT setting = '$value' FROM pg_settings WHERE name = '$setting'")
	  or die "$setting does not change";
}

sub bursts { return $node->safe_psql('postgres', 'SELECT sum(bursts) FROM sm_worker_status') }

# No janitor at work, none to come.
sub rests
{
	my $count;
	do { $count = bursts(); usleep(500_000) } while (bursts() != $count);
	add_expired($node);
	usleep(700_000);
	return bursts() == $count
	  && $node->safe_psql('postgres', 'SELECT count(*) FROM session_memory') eq '1';
}

set_for_all('session_memory.worker', 'off');
ok(rests(), 'switched off, it removes nothing');
is($node->safe_psql('postgres', "SELECT sm_context('old')"), '[]', 'and yet nothing expired is shown');
set_for_all('session_memory.worker', 'on');
ok(cleans_up($node), 'switched on, it cleans up');

set_for_all('session_memory.nap_time', '3600000');
ok(rests(), 'with a long nap time it naps');
$node->restart;
set_for_all('session_memory.nap_time', '100');
for my $time ('first', 'second')
{
	ok(cleans_up($node), "a shorter nap time counts, the $time time");
	add_expired($node);
}
ok(cleans_up($node), 'and the third');

set_for_all('session_memory.worker', 'off');
ok(rests(), 'off again');
$node->restart;
set_for_all('session_memory.worker', 'on');
ok(cleans_up($node), 'on, after a start without it');

# --- no free slot ----------------------------------------------------------------------------------

# A parallel query that takes the last slot, and holds it until it is cancelled.
sub occupy_slot
{
	my ($server) = @_;
	my $session = $server->background_psql('postgres', on_error_stop => 0);
	$session->query_until(qr/begun/, q{
		CREATE TABLE IF NOT EXISTS many AS SELECT n FROM generate_series(1, 100000) AS n;
		ANALYZE many;
		SET max_parallel_workers_per_gather = 1;
		SET parallel_setup_cost = 0;
		SET parallel_tuple_cost = 0;
		SET min_parallel_table_scan_size = 0;
		SET session_memory.worker = on;
		\echo begun
		SELECT count(pg_sleep(0.01)) FROM many;
	});
	$server->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'parallel worker'})
	  or die 'the parallel query has found no slot';
	return $session;
}

sub free_slot
{
	my ($server, $session) = @_;
	$server->safe_psql('postgres', q{
		SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE query LIKE '%FROM many%' AND backend_type = 'client backend' AND pid <> pg_backend_pid()});
	eval { $session->quit };
}

# The nap gives the query its chance at the slot.
set_for_all('session_memory.nap_time', '2000');
my $occupant = occupy_slot($node);
set_for_all('session_memory.nap_time', '100');
my $before = bursts();
add_expired($node);
usleep(1_500_000);
is(bursts(), $before, 'without a free slot there is no janitor');
is($node->safe_psql('postgres', q{SELECT sm_add('new', 'q', 'a')}), '1', 'calls work all the same');
is($node->safe_psql('postgres', q{SELECT json_array_length(sm_context('old'))}), '0', 'and nothing expired is shown');
free_slot($node, $occupant);
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM session_memory WHERE session_id = 'old'}),
	'it cleans up once there is a slot');
$node->stop;

# Likewise without a launcher.
my $plain = PostgreSQL::Test::Cluster->new('plain');
$plain->init;
$plain->append_conf('postgresql.conf', q{
session_memory.nap_time = 100ms
max_worker_processes = 1
max_logical_replication_workers = 0
});
$plain->start;
$plain->safe_psql('postgres', 'CREATE EXTENSION session_memory');
$occupant = occupy_slot($plain);
add_expired($plain);
is($plain->safe_psql('postgres', q{SELECT json_array_length(sm_context('old'))}), '0', 'without a slot, calls work on demand');
free_slot($plain, $occupant);
ok($plain->poll_query_until('postgres', q{
		SELECT count(*) = 0 FROM session_memory, sm_context('nobody') WHERE session_id = 'old'}),
	'on demand it cleans up once there is a slot');
$plain->stop;

done_testing();
