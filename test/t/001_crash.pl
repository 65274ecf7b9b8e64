# A crash after acknowledged adds loses none of them, and leaves counters exact and seq without gaps.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use IPC::Run;

my $clients = 4;

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'session_memory'
session_memory.nap_time = 100ms
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION session_memory');
my $folder = PostgreSQL::Test::Utils::tempdir();

# Rows whose counters must come out exact.
my $wrong_counters = q{
    SELECT session_id FROM sm_session AS s
    FULL JOIN (SELECT session_id, count(*), sum(tokens) AS tokens, sum(_sm_bytes(interaction)) AS bytes,
                      max(seq) AS last FROM session_memory GROUP BY 1) AS m USING (session_id)
    WHERE (s.interactions, s.tokens, s.bytes) IS DISTINCT FROM (coalesce(m.count, 0), coalesce(m.tokens, 0), coalesce(m.bytes, 0))
       OR m.last > s.last_seq};

for my $round (1 .. 2)
{
	# Clients add until the server is gone; what they print is what was acknowledged.
	my @runs;
	for my $client (0 .. $clients - 1)
	{
		append_to_file("$folder/calls.$round.$client",
			join '', map { "SELECT '$round s' || $_ % 3 || ' ' || sm_add('$round s' || $_ % 3, 'q', 'a');\n" } 1 .. 20000);
		push @runs,
		  IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'),
				'-f', "$folder/calls.$round.$client" ],
			'>', "$folder/acknowledged.$round.$client", '2>', "$folder/errors.$round.$client");
	}
	$node->poll_query_until('postgres', "SELECT count(*) > 500 FROM session_memory WHERE session_id LIKE '$round %'")
	  or die 'the clients add nothing';
	$node->stop('immediate');
	IPC::Run::finish($_) for @runs;

	$node->start;
	my %stored = map { $_ => 1 } split /\n/,
	  $node->safe_psql('postgres', "SELECT session_id || ' ' || seq FROM session_memory WHERE session_id LIKE '$round %'");
	my @all = map { split /\n/, slurp_file("$folder/acknowledged.$round.$_") } 0 .. $clients - 1;
	my @lost = grep { !$stored{$_} } @all;
	cmp_ok(scalar @all, '>', 100, "round $round: adds were acknowledged before the crash");
	is(scalar @lost, 0, "round $round: no acknowledged add is lost") or diag "lost: @lost[0 .. ($#lost > 9 ? 9 : $#lost)]";
	cmp_ok(scalar keys %stored, '<=', @all + $clients, "round $round: nothing is there twice");
	is($node->safe_psql('postgres', $wrong_counters), '', "round $round: counters are exact");
	is($node->safe_psql('postgres',
			"SELECT session_id FROM session_memory GROUP BY 1 HAVING (min(seq), max(seq)) IS DISTINCT FROM (1, count(*))"),
		'', "round $round: seq has no gap");
}

# The janitor goes on where it was: with work left from before the crash.
$node->safe_psql('postgres', q{
    ALTER DATABASE postgres SET session_memory.batch_size = 1;
    SELECT sm_append('old' || i, (SELECT jsonb_agg(jsonb_build_object('timestamp', now() - interval '2 days'))
                                  FROM generate_series(1, 20)))
    FROM generate_series(1, 300) AS i;
});
$node->poll_query_until('postgres', q{SELECT count(*) < 6000 FROM session_memory WHERE session_id LIKE 'old%'})
  or die 'the janitor does not begin';
$node->stop('immediate');
$node->start;
is($node->safe_psql('postgres', $wrong_counters), '', 'a crash in the middle of clean-up leaves counters exact');
$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET session_memory.batch_size');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM session_memory WHERE session_id LIKE 'old%'}),
	'clean-up goes on after the crash');
is($node->safe_psql('postgres', $wrong_counters), '', 'and leaves counters exact');

$node->stop;
done_testing();
