# The postmaster is killed by SIGKILL under load, again and again: what was acknowledged is there, once;
# what was not is there once or not at all, and adding it again with its key makes it once; the counters
# are exact, and the tables and indexes are sound.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use IPC::Run;
use Time::HiRes qw(usleep time);

my $long = $ENV{SM_LONG};
my $rounds = $long ? 20 : 3;
my $clients = 6;
my $sessions = 4;
my $calls = 50_000;

my $node = PostgreSQL::Test::Cluster->new('kill');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'session_memory'
session_memory.nap_time = 100ms
checkpoint_timeout = 30s
fsync = on
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION session_memory; CREATE EXTENSION amcheck');
my $folder = PostgreSQL::Test::Utils::tempdir();

my $wrong_counters = q{
	SELECT session_id FROM sm_session AS s
	FULL JOIN (SELECT session_id, count(*), sum(tokens) AS tokens, sum(_sm_bytes(interaction)) AS bytes,
	                  max(seq) AS last FROM session_memory GROUP BY 1) AS m USING (session_id)
	WHERE (s.interactions, s.tokens, s.bytes) IS DISTINCT FROM (coalesce(m.count, 0), coalesce(m.tokens, 0), coalesce(m.bytes, 0))
	   OR m.last > s.last_seq};

# Whoever serves a client when the postmaster dies may need a moment to notice, and no other server
# may start meanwhile.
sub start_again
{
	my ($server) = @_;
	my $end = time() + 120;
	until ($server->start(fail_ok => 1))
	{
		die 'the server does not start again' if time() > $end;
		$server->{_pid} = undef;  # the file of the killed one is still there
		usleep(200_000);
	}
}

sub key
{
	my ($round, $client, $call) = @_;
	return "$round/$client/$call";
}

sub session_of
{
	my ($round, $client, $call) = @_;
	return "$round s" . ($client + $call) % $sessions;
}

sub add
{
	my ($round, $client, $call) = @_;
	my ($session, $key) = (session_of($round, $client, $call), key($round, $client, $call));
	return "sm_add('$session', '$key', repeat('so it is ', $call % 200), idempotency_key => '$key')";
}

my ($acknowledged, $in_doubt, $lost, $elsewhere, $doubled, $added_by_retry) = (0) x 6;
for my $round (1 .. $rounds)
{
	# What a client prints was acknowledged; psql prints a line only when its statement has ended.
	my @runs;
	for my $client (0 .. $clients - 1)
	{
		open my $script, '>', "$folder/calls.$client" or die $!;
		print $script "SELECT '$_ ' || " . add($round, $client, $_) . ";\n" for 1 .. $calls;
		close $script;
		push @runs,
		  IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', "$folder/calls.$client" ],
			'>', "$folder/acknowledged.$client", '2>', "$folder/errors.$client");
	}
	# Work for the janitor as well.
	$node->safe_psql('postgres', "SELECT sm_append('$round old' || i, (SELECT jsonb_agg(jsonb_build_object('timestamp', now() - interval '2 days'))"
		. ' FROM generate_series(1, 20))) FROM generate_series(1, 200) AS i');
	my $enough = 300 + int(rand(700));
	$node->poll_query_until('postgres', "SELECT count(*) > $enough FROM session_memory WHERE session_id LIKE '$round s%'")
	  or die 'the clients add nothing';
	$node->kill9;
	eval { IPC::Run::finish($_) } for @runs;
	start_again($node);

	my %stored;
	for (split /\n/, $node->safe_psql('postgres', "SELECT interaction ->> 'query', session_id, seq FROM session_memory WHERE session_id LIKE '$round s%'"))
	{
		my ($key, $session, $seq) = split /\|/;
		$doubled++ if exists $stored{$key};
		$stored{$key} = "$session|$seq";
	}
	my $retries = '';
	for my $client (0 .. $clients - 1)
	{
		my $last = 0;
		for (grep { /^\d+ \d+$/ } split /\n/, slurp_file("$folder/acknowledged.$client"))
		{
			my ($call, $seq) = split / /;
			$last = $call;
			$acknowledged++;
			my $found = $stored{key($round, $client, $call)};
			$lost++ unless defined $found;
			$elsewhere++ if defined $found && $found ne session_of($round, $client, $call) . "|$seq";
		}
		# The next may have happened, and no other.
		my $next = key($round, $client, $last + 1);
		$in_doubt++ if exists $stored{$next};
		delete $stored{key($round, $client, $_)} for 1 .. $last + 1;
		# As an application would: again, with the same key.
		$retries .= 'SELECT ' . add($round, $client, $_) . ";\n" for grep { $_ > 0 } $last, $last + 1;
	}
	is(join(' ', sort keys %stored), '', "round $round: nothing is there that nobody can have added");
	$node->safe_psql('postgres', $retries);
	$added_by_retry += $node->safe_psql('postgres', "SELECT count(*) - count(DISTINCT interaction ->> 'query') FROM session_memory WHERE session_id LIKE '$round s%'");
	is($node->safe_psql('postgres', $wrong_counters), '', "round $round: counters are exact");
	is($node->safe_psql('postgres', "SELECT session_id FROM session_memory WHERE session_id LIKE '$round s%' GROUP BY 1 HAVING (min(seq), max(seq)) IS DISTINCT FROM (1, count(*))"),
		'', "round $round: seq has no gap");
	$node->command_ok([ 'pg_amcheck', '--heapallindexed', '--parent-check', '-d', 'postgres', '-t', '*session_memory', '-t', '*sm_*' ],
		"round $round: pg_amcheck finds nothing");
}
cmp_ok($acknowledged, '>', 50 * $rounds, 'adds were acknowledged');
is($lost, 0, 'none that was acknowledged is lost');
is($elsewhere, 0, 'none is elsewhere than acknowledged');
is($doubled, 0, 'none is there twice');
is($added_by_retry, 0, 'nor after it was added again with its key');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM session_memory WHERE session_id LIKE '% old%'}),
	'clean-up goes on after each crash');
note "figure: postmaster killed $rounds times, $acknowledged adds acknowledged, $lost lost, $doubled doubled, $in_doubt done but not acknowledged";

$node->stop;
done_testing();
