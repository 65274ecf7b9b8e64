# ALTER EXTENSION … UPDATE makes of an older version what CREATE EXTENSION makes of the newer one, keeps the
# data, and disturbs nobody. For each version that sql/upgrade can start from; and, since the comparison has to
# be trusted, for a next version made up here, whose upgrade script has each of its statements left out in turn.
use strict;
use warnings;
use File::Basename;
use File::Copy qw(copy);
use File::Path qw(make_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# --- an installation of our own, whose share directory we may write to ------------------------------

# The server finds its files from where its executable lies, so the folders are as they were, below a root of
# ours: programs are copied, and what they find is linked.
my $root = PostgreSQL::Test::Utils::tempdir;
chomp(my ($bindir, $sharedir, $libdir) = map { scalar `pg_config --$_` } qw(bindir sharedir pkglibdir));
make_path("$root$bindir", "$root$sharedir/extension", dirname("$root$libdir"));
for my $program (glob("$bindir/*"))
{
	my $mine = $root . $program;
	copy($program, $mine) && chmod(0755, $mine) or die "$program: $!";
}
symlink($libdir, "$root$libdir") or die $!;
for my $file (glob("$sharedir/*"), glob("$sharedir/extension/*"))
{
	next if $file eq "$sharedir/extension";
	symlink($file, "$root$file") or die "$file: $!";
}
my $extensions = "$root$sharedir/extension";

# As make install would: never through the link.
sub install
{
	my ($name, $text) = @_;
	unlink "$extensions/$name";
	append_to_file("$extensions/$name", $text);
}

my $control = slurp_file("$extensions/session_memory.control");
my ($now) = $control =~ /^default_version = '(.*)'/m or die 'no default_version';

my $node = PostgreSQL::Test::Cluster->new('update', install_path => dirname("$root$bindir"));
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'session_memory'
session_memory.nap_time = 100ms
session_memory.worker = off
});
$node->start;
is($node->config_data('--sharedir'), "$root$sharedir", 'the installation is our own');

# --- what is compared ------------------------------------------------------------------------------

my $catalogue = slurp_file(dirname(__FILE__) . '/catalogue.sql');
$catalogue =~ s/^--.*\n//mg;

# All tables but the worker's notes, as text, without what the next version adds to them.
my $contents = q{
	SELECT c.relname || ': ' || query_to_xml(format($q$SELECT (to_jsonb(t) - 'next_note')::text COLLATE "C" FROM %s AS t ORDER BY 1$q$, c.oid::regclass),
	                                         true, true, '')::text
	FROM pg_depend AS d JOIN pg_class AS c ON c.oid = d.objid
	WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'session_memory')
	  AND d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND c.relkind = 'r' AND c.relname NOT IN ('sm_worker_status', 'sm_next')
	ORDER BY c.relname};

sub run { my ($database, $sql) = @_; return $node->safe_psql($database, $sql); }

# The catalogue, and the rows that come with the extension, in a database or a transaction of it.
sub described { my ($database) = @_; return run($database, "$catalogue; $contents"); }

# The lines that only one of two texts has.
sub difference
{
	my ($got, $expected) = @_;
	my %count;
	$count{$_}++ for split /\n/, $expected;
	my @more = grep { --$count{$_} < 0 } split /\n/, $got;
	return join("\n", (map { "- $_" } grep { $count{$_} > 0 } sort keys %count), map { "+ $_" } @more);
}

sub database
{
	my ($name, $version) = @_;
	run('postgres', "CREATE DATABASE $name");
	run($name, 'CREATE EXTENSION session_memory' . ($version ? " VERSION '$version'" : ''));
}

my $fill = q{
	SELECT sm_add('s' || i % 20, 'q' || i, repeat('answer ', i), jsonb_build_object('n', i), NULL, 'key' || i, 'user' || i % 20)
	FROM generate_series(1, 300) AS i;
	SELECT sm_set_state('s1', '{"slot": "value"}'), sm_set_summary('s1', 'So far.', 3), sm_end_session('s2'), sm_pop('s3');
	SELECT sm_set_profile('user4', '{"name": "Ann"}'), sm_record_event('user4', 'booking', '{"city": "Rome"}');
	SELECT sm_set_learning_rule('booking', 'city', top => 3), _sm_relearn('user4');
	SELECT sm_save_artifact('s4', 'model', 'm', '{"path": "/m"}'), sm_delete_artifact('s4', 'model', 'm');
	SELECT sm_save_artifact('s4', 'model', 'm', '{"path": "/m"}'), sm_backup('why');
};

# --- versions there have been ----------------------------------------------------------------------

database('fresh');
my $fresh = described('fresh');
my @before = split /\n/, run('fresh', qq{
	SELECT source FROM pg_extension_update_paths('session_memory')
	WHERE target = '$now' AND source <> target AND path IS NOT NULL ORDER BY 1});
for my $file (glob("$extensions/session_memory--*--*.sql"))
{
	my ($from) = $file =~ /session_memory--(.+?)--/;
	ok(scalar(grep { $_ eq $from } @before), basename($file) . " is on a way to $now");
}
for my $from (@before)
{
	(my $name = "from_$from") =~ s/\W/_/g;
	database($name, $from);
	run($name, 'ALTER EXTENSION session_memory UPDATE');
	is(difference(described($name), $fresh), '', "$from updated equals $now");

	database("used_$name", $from);
	run("used_$name", $fill);
	my $rows = run("used_$name", "SELECT count(*) FROM session_memory, sm_session");
	run("used_$name", 'ALTER EXTENSION session_memory UPDATE');
	is(run("used_$name", "SELECT count(*) FROM session_memory, sm_session"), $rows, "$from updated keeps its rows");
	is(run("used_$name", q{SELECT sm_add('s3', 'q', 'a'), json_array_length(sm_context('s3', 3))}), '16|3', "$from updated goes on");
}
note 'figure: ', scalar(@before), ' earlier versions';

# --- the next version: a change of each kind -------------------------------------------------------

my $script = slurp_file("$extensions/session_memory--$now.sql");

# A statement of the install script, from its first words to the line that ends it.
sub statement
{
	my ($begin, $end) = @_;
	$script =~ /(^\Q$begin\E.*?^?\Q$end\E\n)/ms or die "the install script has no $begin … $end";
	return $1;
}

# Each change: what the install script has now, what it has next (nothing now: it is new), and what the upgrade
# script says to get there.
my @changes;
sub change { my ($old, $next, @upgrade) = @_; push @changes, { old => $old, next => $next, upgrade => \@upgrade }; }
sub added { my (@statements) = @_; change(undef, join("\n", @statements, ''), @statements); }

# Tables: a new one, and a column, storage, options and a constraint of one that is there.
added('CREATE TABLE @extschema@.sm_next (session_id text COLLATE "C" NOT NULL, number bigint NOT NULL DEFAULT 1, CONSTRAINT sm_next_pkey PRIMARY KEY (session_id));',
	q{COMMENT ON TABLE @extschema@.sm_next IS 'New.';},
	q{COMMENT ON COLUMN @extschema@.sm_next.session_id IS 'The session.';},
	q{SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_next', 'WHERE number > 1');});
change("    CONSTRAINT sm_session_pkey", qq{    next_note        text COLLATE "C" NOT NULL DEFAULT 'none',\n    CONSTRAINT sm_session_pkey},
	q{ALTER TABLE @extschema@.sm_session ADD COLUMN next_note text COLLATE "C" NOT NULL DEFAULT 'none';});
added(q{COMMENT ON COLUMN @extschema@.sm_session.next_note IS 'New.';});
change('WITH (fillfactor = 50)', 'WITH (fillfactor = 60)', 'ALTER TABLE @extschema@.sm_session SET (fillfactor = 60);');
added('ALTER TABLE @extschema@.sm_artifact ALTER COLUMN data SET STORAGE external;');
added('ALTER TABLE @extschema@.sm_artifact ADD CONSTRAINT sm_artifact_next CHECK (updated_at >= created_at);');
# Indexes: a new one, and the one that reads go by, made anew: its OID is another, in sessions that have it cached as well.
added('CREATE INDEX sm_session_next_idx ON @extschema@.sm_session (created_at) WHERE ended_at IS NULL;',
	q{COMMENT ON INDEX @extschema@.sm_session_next_idx IS 'New.';});
change('CONSTRAINT session_memory_pkey PRIMARY KEY (session_id, seq)', 'CONSTRAINT session_memory_pkey PRIMARY KEY (session_id, seq) WITH (fillfactor = 95)',
	'ALTER TABLE @extschema@.session_memory DROP CONSTRAINT session_memory_pkey,' .
	' ADD CONSTRAINT session_memory_pkey PRIMARY KEY (session_id, seq) WITH (fillfactor = 95);');
# Functions: a new one, another body, another property, another signature.
added('CREATE FUNCTION @extschema@.sm_next(session_id text) RETURNS text LANGUAGE sql STABLE' .
	' BEGIN ATOMIC SELECT s.next_note FROM @extschema@.sm_session AS s WHERE s.session_id = $1; END;',
	q{COMMENT ON FUNCTION @extschema@.sm_next(text) IS 'New.';});
# (In an install script, 90_privileges.sql does this for all there is.)
change(undef, '', 'REVOKE ALL ON FUNCTION @extschema@.sm_next(text) FROM PUBLIC;');
my $state = statement('CREATE FUNCTION @extschema@.sm_state(', 'END;');
(my $next_state = $state) =~ s/'\{\}'::jsonb/'{"next": true}'::jsonb/ or die 'sm_state';
change($state, $next_state, $next_state =~ s/CREATE/CREATE OR REPLACE/r);
added('ALTER FUNCTION @extschema@._sm_max_size() PARALLEL RESTRICTED;');
my $touch = statement('CREATE FUNCTION @extschema@.sm_touch(', ';');
(my $next_touch = $touch) =~ s/text\)/text, note text DEFAULT NULL)/ or die 'sm_touch';
change($touch, $next_touch, 'DROP FUNCTION @extschema@.sm_touch(text);' . $next_touch);
change('COMMENT ON FUNCTION @extschema@.sm_touch(text) IS', 'COMMENT ON FUNCTION @extschema@.sm_touch(text, text) IS',
	statement('COMMENT ON FUNCTION @extschema@.sm_touch(', ';') =~ s/\(text\)/(text, text)/r);
change(undef, '', 'REVOKE ALL ON FUNCTION @extschema@.sm_touch(text, text) FROM PUBLIC;');
# The rest: a view, a type, a comment, a privilege, a row that comes with the extension.
my $view = statement('CREATE VIEW @extschema@.session_history', ';');
(my $next_view = $view) =~ s/AS updated_at/AS updated_at, s.next_note/ or die 'session_history';
change($view, $next_view, $next_view =~ s/CREATE/CREATE OR REPLACE/r);
added('CREATE TYPE @extschema@.sm_next_row AS (session_id text, number bigint);');
added(q{COMMENT ON FUNCTION @extschema@.sm_health() IS 'Another comment.';});
added('GRANT SELECT (last_run_at) ON @extschema@.sm_worker_status TO pg_monitor;');
added(q{INSERT INTO @extschema@.sm_learning_rule SELECT (pg_catalog.jsonb_populate_record(r, '{"kind": "next"}')).* FROM @extschema@.sm_learning_rule AS r} .
	q{ WHERE r.kind = 'booking' AND r.attribute = 'city' AND r.built_in;});

my $next = $script;
my $privileges = '-- Privileges: ';
for my $change (@changes)
{
	my ($at, $by) = defined $change->{old} ? ($change->{old}, $change->{next}) : ($privileges, $change->{next} . $privileges);
	$next =~ s/\Q$at\E/$by/ or die "the install script has no $at";
}
my $pinned = "SET LOCAL search_path = pg_catalog, pg_temp;\n";
my @statements = map { @{ $_->{upgrade} } } @changes;

note 'figure: ', scalar(@statements), ' statements to leave out, ', scalar(split(/\n/, $fresh)), ' lines of the catalogue and contents';
database('used', $now);
run('postgres', 'CREATE ROLE app');
my $grant = q{SELECT sm_grant('app', 'admin');};
my $isolate = q{SELECT sm_isolate();};
run('used', $fill . $grant);
database('isolated', $now);
run('isolated', $fill . $grant . $isolate);
# Due for removal, once the worker may.
run('used', q{SELECT sm_add('late', 'q', 'a', created_at => now() - interval '2 days')});
my $old_catalogue = run('used', $catalogue);

# Sessions that have called everything of note before, and have its plans and tables cached.
my $calls = q{SELECT sm_add('s3', 'q', 'a'), json_array_length(sm_context('s3', 3)), sm_state('s1'), sm_set_state('s1', '{"slot": "value"}'), sm_touch('s3'),
	(SELECT count(*) FROM sm_history('s3')), jsonb_array_length(sm_pop('s3')), (SELECT history->0->'query' FROM session_history WHERE session_id = 's4')};
my %open;
for my $path ('sql', 'direct')
{
	$open{$path} = $node->background_psql('used');
	$open{$path}->query_safe("SET session_memory.access_path = $path");
}
my $called = qr/^(\d+)\|3\|\{"slot": "value"\}\|\{"slot": "value"\}\|t\|14\|1\|"q4"$/;
for my $round (1, 2) { like($open{$_}->query_safe($calls), $called, "calls before, $_") for sort keys %open; }

# The new version comes, while they are open; and ways to it that lack a statement.
for my $missing (0 .. $#statements)
{
	install("session_memory--$now--without_$missing.sql", join("\n", $pinned, @statements[ grep { $_ != $missing } 0 .. $#statements ]));
}
install("session_memory--$now--next.sql", join("\n", $pinned, @statements));
install('session_memory--next.sql', $next);
install('session_memory.control', $control =~ s/^default_version = .*/default_version = 'next'/mr);

database('next');
my $fresh_next = described('next');
isnt(difference($fresh_next, $fresh), '', 'the next version is another');
run('fresh', 'BEGIN; ALTER EXTENSION session_memory UPDATE; ROLLBACK');
is(difference(described('fresh'), $fresh), '', 'an update rolled back leaves all as it was');
my $attempt = sub {
	my ($version) = @_;
	my ($status, $got) = $node->psql('fresh', "BEGIN; ALTER EXTENSION session_memory UPDATE TO '$version'; $catalogue; $contents; ROLLBACK", on_error_stop => 1);
	return $status != 0 ? 'an error' : difference($got, $fresh_next);
};
is($attempt->('next'), '', 'the whole script');
for my $missing (0 .. $#statements)
{
	(my $which = substr($statements[$missing], 0, 90)) =~ s/\s+/ /g;
	isnt($attempt->("without_$missing"), '', "it is found that this is missing: $which");
}
run('fresh', 'ALTER EXTENSION session_memory UPDATE');
is(difference(described('fresh'), $fresh_next), '', 'updated equals fresh');

# --- with data in it, and connections open ---------------------------------------------------------

like($open{$_}->query_safe($calls), $called, "a new version that lies there changes nothing, $_") for sort keys %open;
$open{sql}->query_safe('BEGIN; ALTER EXTENSION session_memory UPDATE;');
like($open{sql}->query_safe($calls), $called, 'calls in the transaction that updates');
$open{sql}->query_safe('ROLLBACK');
like($open{$_}->query_safe($calls), $called, "calls after it has rolled back, $_") for sort keys %open;
is(difference(run('used', $catalogue), $old_catalogue), '', 'which leaves all as it was');

my $old_contents = run('used', $contents);
$open{direct}->query_safe('ALTER EXTENSION session_memory UPDATE');
unlike(difference(run('used', $contents), $old_contents), qr/^-/m, 'the data is kept');
for my $round (1, 2) { like($open{$_}->query_safe($calls), $called, "calls after the update, $_") for sort keys %open; }
is($open{$_}->query_safe(q{SELECT sm_state('nobody'), sm_next('s1'), sm_touch('s1', 'note')}), '{"next": true}|none|t', "what is new is there, $_")
  for sort keys %open;
run('isolated', 'ALTER EXTENSION session_memory UPDATE');
run($_, $grant) for 'used', 'isolated', 'next';
is(difference(run('used', $catalogue), run('next', $catalogue)), '', 'granted anew, it equals a fresh one');
run($_, $isolate) for 'isolated', 'next';
is(difference(run('isolated', $catalogue), run('next', $catalogue)), '', 'isolated anew, it equals a fresh one');
is(run('isolated', q{SET ROLE app; SET session_memory.user_id = 'user3'; SELECT sm_next('s3'), sm_next('s4') IS NULL, sm_touch('s3')}), 'none|t|t',
	'what is new is granted and isolated');

run('postgres', 'ALTER SYSTEM SET session_memory.worker = on');
$node->reload;
ok($node->poll_query_until('used', q{SELECT count(*) = 0 FROM session_memory WHERE session_id = 'late'}), 'the janitor goes on');
$open{$_}->quit for sort keys %open;
$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal/, 'a calm log');

done_testing();
