-- Prints the table `result` as TAP.
\pset format unaligned
\pset tuples_only on
SELECT '1..' || count(*) FROM result;
SELECT CASE WHEN wrong IS NULL THEN 'ok ' ELSE 'not ok ' END || number || ' - ' || name
       || coalesce(E'\n# ' || cardinality(wrong) || ' wrong, among them ' || wrong[1:5]::text, '')
FROM result ORDER BY number;
