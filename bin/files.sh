# shellcheck shell=bash
# JSON Lines: what sm_export gives, one object a line, and back.
#
# Neither direction holds a file in memory. COPY is told of a quote and a delimiter that JSON text
# cannot contain, so that lines go through as they are.

raw_lines="(FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')"

# A file appears under its name when it is complete. Only its owner may read it.
export_file() {
    local file=$1
    if [[ $file == - ]]; then
        export_lines
    elif [[ -e $file && ! -f $file ]]; then
        [[ ! -d $file ]] || die "$file is a folder"
        export_lines >"$file" # a device, or a pipe
    else
        partial=$(mktemp -- "$file.XXXXXX") || exit 1
        trap 'stop_ticking; rm -f -- "$partial"' EXIT
        start_ticking written_so_far
        export_lines >"$partial" || die "nothing was written to $file"
        mv -f -- "$partial" "$file"
        stop_ticking
        echo "$(($(wc -l <"$file") - 2)) rows written to $file"
    fi
}
written_so_far() { echo "$(($(wc -c <"$partial") / 1000000)) MB written"; }

export_lines() {
    PGCLIENTENCODING=UTF8 sql \
        "COPY (SELECT :\"home\".sm_export(nullif(:'user', ''), nullif(:'session', ''))) TO STDOUT $raw_lines" \
        -v user="${given[user]:-}" -v session="${given[session]:-}"
}

# All or nothing: the lines go into a temporary table, where each must be JSON and the last one the
# end that the file says it has; then, in the same transaction, into sm_import in parts of some
# megabytes. A part is whole sessions and whole users.
import_file() {
    local file=$1 status
    if [[ $file == - ]]; then
        file=/dev/stdin
    elif [[ ! -r $file || -d $file ]]; then
        die "$file cannot be read"
    fi
    progress "reading ..."
    set +e
    PGCLIENTENCODING=UTF8 run_psql -A -t -f /dev/fd/3 3< <(import_script) <"$file" | import_progress
    status=("${PIPESTATUS[@]}")
    set -e
    ((status[0] == 0)) || die "nothing was imported"
    return "${status[1]}"
}

import_script() {
    cat <<SQL
BEGIN;
CREATE TEMPORARY TABLE document (n bigint GENERATED ALWAYS AS IDENTITY, line jsonb) ON COMMIT DROP;
\\set SHOW_CONTEXT errors
\\copy pg_temp.document (line) FROM pstdin $raw_lines
\\set SHOW_CONTEXT never
SQL
    cat <<'SQL'
CREATE INDEX ON pg_temp.document (n);
ANALYZE pg_temp.document;

CREATE FUNCTION pg_temp.check_document() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    empty_line bigint := (SELECT min(d.n) FROM document AS d WHERE d.line IS NULL);
    last_line  bigint := (SELECT count(*) FROM document);
    rows       text := (SELECT d.line -> 'end' ->> 'lines' FROM document AS d ORDER BY d.n DESC LIMIT 1);
BEGIN
    IF last_line = 0 OR NOT (SELECT d.line ? 'session_memory' FROM document AS d WHERE d.n = 1) IS NOT DISTINCT FROM true THEN
        RAISE 'line 1 is not the header of an export of session_memory';
    ELSIF empty_line IS NOT NULL THEN
        RAISE 'line % is empty', empty_line;
    ELSIF rows IS NULL THEN
        RAISE 'line % is not the end: the rest of the file is missing', last_line;
    ELSIF rows <> (last_line - 2)::text THEN
        RAISE 'line % is the end of % rows, and there are %', last_line, rows, last_line - 2;
    END IF;
END $$;
SELECT pg_temp.check_document() \g /dev/null

-- A part may begin where a session or a user does, and before counts, which belong to nothing.
CREATE TEMPORARY TABLE part ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY p.size) AS part, min(p.n) AS first_line, max(p.n) AS last_line
FROM (SELECT s.n, coalesce(max(CASE WHEN s.line ->> 'table' IN ('sm_session', 'sm_profile', 'sm_kb_use', 'sm_activity')
                                    THEN s.size / 4000000 END) OVER (ORDER BY s.n), 0) AS size
      FROM (SELECT d.n, d.line, sum(octet_length(d.line::text)) OVER (ORDER BY d.n) AS size FROM document AS d WHERE d.n > 1) AS s
      WHERE NOT s.line ? 'end' OR s.n < (SELECT max(l.n) FROM document AS l)) AS p
GROUP BY p.size;
CREATE TEMPORARY TABLE outcome (outcome jsonb) ON COMMIT DROP;

-- Errors count the lines of a part: here they are those of the file.
SELECT format($create$
CREATE FUNCTION pg_temp.import_part(number bigint, first_line bigint, last_line bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    place text[];
    hint  text;
    code  text;
BEGIN
    INSERT INTO outcome
    SELECT %1$I.sm_import(jsonb_build_array(jsonb_set(h.line, '{session_memory,part}', to_jsonb(number)))
                          || coalesce(jsonb_agg(d.line ORDER BY d.n) FILTER (WHERE d.n > 1), '[]'))
    FROM document AS h LEFT JOIN document AS d ON d.n BETWEEN first_line AND last_line
    WHERE h.n = 1
    GROUP BY h.line;
    RETURN last_line;
EXCEPTION WHEN invalid_parameter_value THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, code = RETURNED_SQLSTATE;
    place := regexp_match(SQLERRM, '^line (\d+) of the document (.*)$');
    IF place IS NULL THEN
        RAISE;
    END IF;
    RAISE EXCEPTION USING ERRCODE = code, HINT = hint, MESSAGE = format(
        'line %%s %%s', CASE WHEN place[1] = '1' THEN 1 ELSE first_line + place[1]::bigint - 2 END, place[2]);
END $$
$create$, :'home') \gexec

-- An export of an empty memory has no part, and its header is looked at all the same.
SELECT format('SELECT %s, pg_temp.import_part(%s, %s, %s)', (SELECT max(n) FROM document), p.part, p.first_line, p.last_line)
FROM (SELECT * FROM part UNION ALL SELECT 1, 1, 1 WHERE NOT EXISTS (SELECT FROM part)) AS p ORDER BY p.part \gexec
SELECT jsonb_build_object(
           'added', sum((o.outcome ->> 'added')::bigint), 'unchanged', sum((o.outcome ->> 'unchanged')::bigint),
           'different', sum((o.outcome ->> 'different')::bigint),
           'different_sessions', (SELECT coalesce(jsonb_agg(DISTINCT d.id), '[]')
                                  FROM outcome AS p, jsonb_array_elements(p.outcome -> 'different_sessions') AS d (id)),
           'different_users', (SELECT coalesce(jsonb_agg(DISTINCT d.id), '[]')
                               FROM outcome AS p, jsonb_array_elements(p.outcome -> 'different_users') AS d (id))) AS outcome
FROM outcome AS o \gset
COMMIT;
SELECT :'outcome';
SQL
}

# Lines "all|done" while it lasts, and at last the outcome.
import_progress() {
    local line
    while IFS= read -r line; do
        if [[ $line == '{'* ]]; then
            progress
            tell_merged "$line"
        else
            progress "${line#*|} of ${line%|*} lines"
        fi
    done
}
