-- What the extension consists of, a line for each thing that matters, in no order that matters: two databases
-- with the same answer have the same extension. Privileges are listed as they count: none said, those by default.
WITH home AS (
    SELECT e.* FROM pg_catalog.pg_extension AS e WHERE e.extname = 'session_memory'
),
member AS (
    SELECT d.classid, d.objid
    FROM home AS e JOIN pg_catalog.pg_depend AS d ON d.refobjid = e.oid
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
),
relation AS (
    SELECT c.*, c.oid::regclass::text AS name
    FROM member AS m JOIN pg_catalog.pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
),
index AS (
    SELECT i.*, i.indexrelid::regclass::text AS name FROM relation AS r JOIN pg_catalog.pg_index AS i ON i.indrelid = r.oid
),
function AS (
    SELECT p.*, p.oid::regprocedure::text AS name
    FROM member AS m JOIN pg_catalog.pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
),
type AS (
    SELECT t.*, t.oid::regtype::text AS name
    FROM member AS m JOIN pg_catalog.pg_type AS t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
),
-- Columns are counted, since a column that was dropped leaves its number behind.
column_ AS (
    SELECT a.*, of.name || '.' || pg_catalog.quote_ident(a.attname) AS name, of.owner,
           pg_catalog.row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS position
    FROM (SELECT r.oid, r.name, r.relowner FROM relation AS r
          UNION ALL SELECT t.typrelid, t.name, t.typowner FROM type AS t WHERE t.typtype = 'c') AS of (oid, name, owner)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = of.oid AND a.attnum > 0 AND NOT a.attisdropped
),
-- Whatever has an owner, privileges and comments: class, object, column, name, kind for acldefault, owner, privileges.
thing AS (
    SELECT 'pg_class'::regclass AS classid, r.oid AS objid, 0 AS objsubid, r.name, 'r'::"char" AS kind, r.relowner AS owner, r.relacl AS acl FROM relation AS r
    UNION ALL SELECT 'pg_proc'::regclass, f.oid, 0, f.name, 'f', f.proowner, f.proacl FROM function AS f
    UNION ALL SELECT 'pg_type'::regclass, t.oid, 0, t.name, 'T', t.typowner, t.typacl FROM type AS t
    UNION ALL SELECT 'pg_class'::regclass, c.attrelid, c.attnum, c.name, 'c', c.owner, c.attacl FROM column_ AS c
),
line (line) AS (
    SELECT pg_catalog.concat_ws(' ', 'extension', 'owner', e.extowner::regrole, 'schema', e.extnamespace::regnamespace,
                                'relocatable', e.extrelocatable, 'comment', pg_catalog.obj_description(e.oid, 'pg_extension'))
    FROM home AS e
    UNION ALL
    SELECT 'member ' || pg_catalog.pg_describe_object(m.classid, m.objid, 0) FROM member AS m
    UNION ALL
    SELECT pg_catalog.format('%s owned by %s', t.name, t.owner::regrole) FROM thing AS t WHERE t.objsubid = 0
    UNION ALL
    SELECT pg_catalog.format('%s comment %s', t.name, d.description)
    FROM thing AS t JOIN pg_catalog.pg_description AS d ON d.classoid = t.classid AND d.objoid = t.objid AND d.objsubid = t.objsubid
    UNION ALL
    SELECT pg_catalog.format('index %s comment %s', i.name, pg_catalog.obj_description(i.indexrelid, 'pg_class')) FROM index AS i
    UNION ALL
    SELECT pg_catalog.format('%s granted to %s: %s%s', t.name, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END,
                             x.privilege_type, CASE WHEN x.is_grantable THEN ' with grant option' END)
    FROM thing AS t CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(t.acl, pg_catalog.acldefault(t.kind, t.owner))) AS x
    UNION ALL
    -- What pg_dump takes for the privileges that come with the extension, and so leaves out.
    SELECT pg_catalog.format('%s comes with %s for %s', t.name, x.privilege_type, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END)
    FROM thing AS t
    LEFT JOIN pg_catalog.pg_init_privs AS i ON i.classoid = t.classid AND i.objoid = t.objid AND i.objsubid = t.objsubid
    CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(i.initprivs, pg_catalog.acldefault(t.kind, t.owner))) AS x
    UNION ALL
    SELECT pg_catalog.concat_ws(' ', 'relation', r.name, 'kind', r.relkind, r.relpersistence, (SELECT a.amname FROM pg_catalog.pg_am AS a WHERE a.oid = r.relam),
                                'options', (SELECT pg_catalog.array_agg(o ORDER BY o) FROM pg_catalog.unnest(r.reloptions) AS o),
                                'row security', r.relrowsecurity, r.relforcerowsecurity, 'replica identity', r.relreplident,
                                'query', CASE WHEN r.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(r.oid) END)
    FROM relation AS r
    UNION ALL
    SELECT pg_catalog.concat_ws(' ', 'toast of', r.name, t.reloptions) FROM relation AS r JOIN pg_catalog.pg_class AS t ON t.oid = r.reltoastrelid
    UNION ALL
    SELECT pg_catalog.concat_ws(' ', 'column', c.position, c.name, pg_catalog.format_type(c.atttypid, c.atttypmod),
                                'collation', CASE WHEN c.attcollation <> 0 THEN c.attcollation::regcollation END,
                                'not null', c.attnotnull, 'storage', c.attstorage, c.attcompression, c.attidentity, c.attgenerated,
                                'options', (SELECT pg_catalog.array_agg(o ORDER BY o) FROM pg_catalog.unnest(c.attoptions) AS o WHERE o NOT LIKE 'pg\_attver=%'),
                                'statistics', nullif(c.attstattarget, -1),
                                'default', (SELECT pg_catalog.pg_get_expr(x.adbin, x.adrelid) FROM pg_catalog.pg_attrdef AS x
                                            WHERE x.adrelid = c.attrelid AND x.adnum = c.attnum))
    FROM column_ AS c
    UNION ALL
    SELECT pg_catalog.concat_ws(' ', 'index', pg_catalog.pg_get_indexdef(i.indexrelid), 'valid', i.indisvalid, 'primary', i.indisprimary,
                                'clustered', i.indisclustered, 'replica identity', i.indisreplident)
    FROM index AS i
    UNION ALL
    SELECT pg_catalog.concat_ws(' ', 'constraint', k.conname, 'of', coalesce(r.name, t.name), pg_catalog.pg_get_constraintdef(k.oid), 'validated', k.convalidated,
                                pg_catalog.obj_description(k.oid, 'pg_constraint'))
    FROM pg_catalog.pg_constraint AS k LEFT JOIN relation AS r ON r.oid = k.conrelid LEFT JOIN type AS t ON t.oid = k.contypid
    WHERE r.oid IS NOT NULL OR t.oid IS NOT NULL
    UNION ALL
    SELECT pg_catalog.concat_ws(' ', 'policy', p.polname, 'of', r.name, p.polpermissive, p.polcmd, p.polroles::regrole[],
                                'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid), 'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
    FROM relation AS r JOIN pg_catalog.pg_policy AS p ON p.polrelid = r.oid
    UNION ALL
    SELECT pg_catalog.concat_ws(' ', pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled)
    FROM relation AS r JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = r.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT pg_catalog.pg_get_ruledef(w.oid) FROM relation AS r JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = r.oid
    UNION ALL
    SELECT pg_catalog.pg_get_functiondef(f.oid) FROM function AS f WHERE f.prokind <> 'a'
    UNION ALL
    SELECT pg_catalog.concat_ws(' ', 'aggregate', f.name, pg_catalog.pg_get_function_result(f.oid), f.proparallel, a.aggkind, a.aggtransfn, a.aggfinalfn, a.aggcombinefn,
                                a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn, a.aggfinalextra, a.aggmfinalextra,
                                a.aggfinalmodify, a.aggmfinalmodify, a.aggsortop::regoperator, a.aggtranstype::regtype, a.aggtransspace,
                                a.aggmtranstype::regtype, a.aggmtransspace, a.agginitval, a.aggminitval)
    FROM function AS f JOIN pg_catalog.pg_aggregate AS a ON a.aggfnoid = f.oid
    UNION ALL
    SELECT pg_catalog.concat_ws(' ', 'type', t.name, 'kind', t.typtype, 'base', t.typbasetype::regtype, 'not null', t.typnotnull, 'default', t.typdefault,
                                'labels', (SELECT pg_catalog.array_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum AS l WHERE l.enumtypid = t.oid))
    FROM type AS t
    UNION ALL
    SELECT pg_catalog.format('dumped %s where (%s)', k.oid::regclass, k.condition)
    FROM home AS e CROSS JOIN LATERAL unnest(e.extconfig, e.extcondition) AS k (oid, condition)
)
SELECT pg_catalog.replace(line, E'\n', '\n') FROM line ORDER BY line COLLATE "C";
