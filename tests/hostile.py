"""What hostile visitors send: statements, and arguments of pages."""
# ruff: noqa: S608 - SQL is what this is about

from __future__ import annotations

from urllib.parse import quote, urlencode


def doubling(depth: int, how: str) -> str:
    """A short statement of CTEs, each twice the one before: huge before it even starts."""
    parts = ["a0 AS (SELECT 1 AS x)"]
    parts += [f"a{n} AS ({how.replace('@', f'a{n - 1}')})" for n in range(1, depth + 1)]
    return f"WITH {', '.join(parts)} SELECT count(*) FROM a{depth}"


_NEEDLE = "a" * 25_000 + "b"
_HAYSTACK = "replace(hex(zeroblob(450000)), '0', 'a')"
_COUNTING = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)"

# Values too large for memory.
LARGE = {
    "zeroblob": "SELECT zeroblob(1000000000)",
    "hex of zeroblob": "SELECT hex(zeroblob(500000000))",
    "randomblob": "SELECT randomblob(1000000000)",
    "many large blobs": "SELECT hex(randomblob(400000)) FROM spend",
    "many large columns": f"SELECT {', '.join(['zeroblob(900000)'] * 100)} FROM spend",
    "printf width": "SELECT printf('%.*c', 900000000, 'x')",
    "printf of a number": "SELECT printf('%900000000d', 1)",
    "printf of a fraction": "SELECT printf('%.900000000f', 1.5)",
    "printf in a loop": f"{_COUNTING} SELECT printf('%900000d', n) FROM c",
    "replace grows": "SELECT replace(hex(zeroblob(400000)), '0', hex(zeroblob(40000)))",
    "replace of replace": "SELECT replace(replace(printf('%900d', 0), ' ', printf('%900d', 0)), "
    "' ', printf('%9000d', 0))",
    "group_concat": "SELECT group_concat(a.description || b.description) FROM spend a, spend b",
    "string sum": f"{_COUNTING} SELECT group_concat(n, hex(zeroblob(400))) FROM c",
    "doubling text": "WITH RECURSIVE d(t) AS (SELECT 'xxxxxxxx' UNION ALL SELECT t || t FROM d) "
    "SELECT max(length(t)) FROM d",
    "json array": "SELECT json_group_array(hex(zeroblob(1000))) FROM spend a, spend b",
    "json object": "SELECT json_group_object(a.spend_id, b.description) FROM spend a, spend b",
    "json nested": "SELECT json(printf('%.*c', 900000, '['))",
    "json set": "SELECT json_set('[]', '$[999999999]', 1)",
    "quote": "SELECT quote(zeroblob(499999999))",
    "sort of large rows": "SELECT hex(randomblob(2000)) FROM spend a, spend b ORDER BY 1",
    "distinct of large rows": "SELECT DISTINCT randomblob(2000) FROM spend a, spend b",
    "window over everything": "SELECT group_concat(a.description) OVER (ORDER BY a.rowid) "
    "FROM spend a, spend b",
}
# Time without an end.
ENDLESS = {
    "recursion": f"{_COUNTING} SELECT count(*) FROM c",
    "recursion that gives rows": f"{_COUNTING} SELECT n FROM c WHERE n < 0",
    "cross join": "SELECT count(*) FROM spend a, spend b, spend c",
    "cross join with like": "SELECT count(*) FROM spend a, spend b "
    "WHERE a.description LIKE '%' || b.description || '%'",
    "order by random": "SELECT a.spend_id FROM spend a, spend b ORDER BY random()",
    "long needle": f"SELECT {_HAYSTACK} LIKE '%{_NEEDLE}'",
    "many wildcards": f"SELECT count(*) FROM spend a, spend b WHERE a.description || b.description "
    f"LIKE '{'%e' * 60}z'",
    "glob": f"SELECT {_HAYSTACK} GLOB '*{_NEEDLE}'",
    "glob wildcards": f"SELECT {_HAYSTACK} GLOB '{'*a' * 90}b'",
    "instr": f"SELECT sum(instr({_HAYSTACK} || n, {_HAYSTACK} || 'b')) FROM "
    f"({_COUNTING} SELECT n FROM c LIMIT 100000)",
    "trim": f"{_COUNTING} SELECT sum(length(trim(hex(zeroblob(100000)), '0' || n))) FROM c",
    "replace in a loop": f"{_COUNTING} SELECT sum(length(replace({_HAYSTACK}, 'aa', n))) FROM c",
    "unindexed in": "SELECT count(*) FROM spend a WHERE a.description || '' NOT IN "
    "(SELECT b.description || c.description FROM spend b, spend c)",
    "correlated": "SELECT sum((SELECT count(*) FROM spend b WHERE b.amount_pence > a.amount_pence "
    "AND b.description > a.description)) FROM spend a, spend c",
    "exists chain": "SELECT count(*) FROM spend a WHERE NOT EXISTS (SELECT 1 FROM spend b, spend c "
    "WHERE b.description = c.spend_id AND a.description = c.spend_id)",
    "mandelbrot": "WITH RECURSIVE x(n) AS (VALUES(0) UNION ALL SELECT n + 1 FROM x), "
    "z(a, b) AS (SELECT 0.0, 0.0 UNION ALL SELECT a * a - b * b + 0.1, 2 * a * b + 0.2 FROM z) "
    "SELECT count(*) FROM x, z",
    "search for all": "SELECT count(*) FROM spend_fts a, spend_fts b WHERE a.description "
    "LIKE b.description",
    "search by beginnings": "SELECT count(*) FROM spend_fts('a* OR b* OR c* OR d* OR e* OR s*') x, "
    "spend y, spend z",
    "json tree": "SELECT count(*) FROM json_tree((SELECT json_group_array(spend_id) FROM spend)), "
    "spend b, spend c",
    "dbstat": "SELECT sum(a.payload) FROM dbstat a, dbstat b, dbstat c",
    "explain at length": f"EXPLAIN {doubling(16, 'SELECT * FROM @ UNION ALL SELECT * FROM @')}",
}
# Huge before they start, where neither a progress handler nor an authorizer is asked.
HUGE = {
    "doubling by union": doubling(24, "SELECT * FROM @ UNION ALL SELECT * FROM @"),
    "doubling by join": doubling(20, "SELECT p.x FROM @ p, @ q"),
    "doubling by subquery": doubling(20, "SELECT (SELECT x FROM @) + (SELECT x FROM @) AS x"),
    "doubling by in": doubling(22, "SELECT 1 AS x WHERE 1 IN (SELECT x FROM @) OR 2 IN "
                                   "(SELECT x FROM @)"),
    "deep brackets": f"SELECT {'(' * 5000}1{')' * 5000}",
    "deep not": f"SELECT {'NOT ' * 5000}1",
    "deep case": f"SELECT {'CASE WHEN 1 THEN ' * 900}1{' END' * 900}",
    "many unions": " UNION ALL ".join(["SELECT 1"] * 3000),
    "many columns": f"SELECT {', '.join(['1'] * 3000)}",
    "many joins": "SELECT count(*) FROM " + ", ".join(f"spend s{n}" for n in range(60)),
    "many subqueries": f"SELECT {' + '.join(['(SELECT count(*) FROM spend)'] * 900)}",
    "long list": f"SELECT count(*) FROM spend WHERE amount_pence IN ({','.join(['1'] * 20000)})",
    "long statement": f"SELECT '{'x' * 60000}'",
}  # fmt: skip
# Writing, or reading what is not in the database.
FORBIDDEN = {
    "insert": "INSERT INTO suppliers VALUES (0, 'x', 'x')",
    "insert behind with": "WITH a AS (SELECT 1) INSERT INTO suppliers SELECT 0, 'x', 'x'",
    "update behind with": "WITH a AS (SELECT 1) UPDATE spend SET amount_pence = 0",
    "delete behind with": "WITH a AS (SELECT 1) DELETE FROM spend",
    "delete returning": "WITH a AS (SELECT 1) DELETE FROM spend RETURNING *",
    "drop": "DROP TABLE spend",
    "create temporary": "CREATE TEMP TABLE x AS SELECT * FROM spend",
    "two statements": "SELECT 1; DELETE FROM spend",
    "attach": "ATTACH '/etc/passwd' AS x",
    "vacuum into": "VACUUM INTO '/tmp/govspend-copy.db'",
    "pragma query_only": "PRAGMA query_only = 0",
    "pragma writable_schema": "PRAGMA writable_schema = 1",
    "pragma heap limit": "PRAGMA hard_heap_limit = 0",
    "pragma as a table": "SELECT * FROM pragma_database_list",
    "pragma that sets": "SELECT * FROM pragma_journal_mode('delete')",
    "load_extension": "SELECT load_extension('/lib/x86_64-linux-gnu/libc.so.6')",
    "readfile": "SELECT readfile('/etc/passwd')",
    "writefile": "SELECT writefile('/tmp/govspend-written', 'x')",
    "edit": "SELECT edit('x', 'vi')",
    "fts3_tokenizer": "SELECT fts3_tokenizer('simple')",
    "fts vocabulary": "CREATE VIRTUAL TABLE temp.v USING fts5vocab(main, spend_fts, row)",
    "schema": "UPDATE sqlite_master SET sql = ''",
    "search index": "INSERT INTO spend_fts(spend_fts) VALUES ('rebuild')",
    "transaction": "BEGIN EXCLUSIVE",
    "savepoint": "SAVEPOINT x",
    "reindex": "REINDEX",
    "analyze": "ANALYZE",
}
STATEMENTS = {**LARGE, **ENDLESS, **HUGE, **FORBIDDEN}

SCRIPT = "<script>alert(1)</script>"
_LONG = "x" * 10_000


def asked(path: str, **arguments: str) -> str:
    return f"{path}?{urlencode(arguments)}"


# Addresses with arguments that nobody means well.
ADDRESSES = [
    *(asked("/govspend/spend", **{name: value}) for name, value in [
        ("_size", "-1"), ("_size", "99999999999"), ("_size", "1e9"), ("_size", SCRIPT),
        ("_next", _LONG), ("_next", "'; DROP TABLE spend"), ("_next", "\x00"),
        ("_sort", "amount_pence; DROP TABLE spend"), ("_sort_desc", SCRIPT),
        ("_facet", "no_such_column"), ("_facet", SCRIPT), ("_facet_array", "description"),
        ("_facet_date", "month"), ("_facet_size", "-5"), ("_facet_size", "99999999"),
        ("_search", '"'), ("_search", "a* OR " * 2000 + "b"), ("_search", "NEAR(" * 500),
        ("_search", SCRIPT), ("_search", _LONG), ("_searchmode", "raw"),
        ("_where", "1=1) UNION SELECT name FROM sqlite_master --"),
        ("_where", "(SELECT count(*) FROM spend a, spend b, spend c) > 0"),
        ("_where", "1 IN (SELECT zeroblob(1000000000))"),
        ("_where", "description LIKE '%" + "a" * 20_000 + "b'"),
        ("_where", "1=1 LIMIT 1; DELETE FROM spend"), ("_where", "("), ("_where", SCRIPT),
        ("_through", "{"), ("_through", '{"table":"x","column":"y","value":"z"}'),
        ("_col", "no_such_column"), ("_nocol", "spend_id"), ("_timelimit", "x"),
        ("_timelimit", "999999999"), ("_trace", "1"), ("_shape", "no_such_shape"),
        ("_json", "description"), ("_extra", SCRIPT), ("_ttl", "-1"), ("_nocount", "x"),
        ("description__like", "%a" * 400), ("description__glob", "*a" * 400),
        ("description__contains", _LONG), ("amount__gt", "1e999"), ("amount__gt", SCRIPT),
        ("amount_pence__in", "[" * 5000), ("month__date", _LONG), ("lot__arraycontains", "x"),
        ("no_such_column", "1"), ("lot__no_such_test", "1"), ("lot", _LONG), ("lot", "\x00"),
        ("supplier_id", "../../../etc/passwd"), ("month", "2014-06'--"),
    ]),
    "/govspend/spend?" + "&".join(["_facet=lot"] * 200),
    "/govspend/spend?" + "&".join(f"_facet={c}" for c in (
        "month", "description", "amount", "amount_pence", "supplier_id", "buyer_id", "spend_id",
        "line_number", "release_id", "supplier_name_id", "buyer_name_id", "lot", "sector")),
    "/govspend/spend?" + "&".join(["description__contains=a"] * 300),
    "/govspend/spend?" + "&".join(["_sort=month"] * 300),
    "/govspend/spend?%5Fwhere=1%3D1)+or+(select+load_extension('x'))",
    "/govspend/spend/" + quote(SCRIPT, safe=""),
    "/govspend/spend/" + "x" * 3000,
    "/govspend/" + quote("spend; DROP TABLE spend", safe=""),
    "/govspend/..%2f..%2fetc%2fpasswd",
    "/static/..%2f..%2f..%2fetc%2fpasswd",
    "/-/static/..%2f..%2fetc%2fpasswd",
    "/as-of/..%2f..%2fgovspend/",
    "/suppliers/..%2f..%2fetc%2fpasswd",
    asked("/suppliers", words=_LONG), asked("/suppliers", total="NaN"),
    asked("/buyers", sort=SCRIPT), asked("/search", q=_LONG), asked("/search", q="\x00"),
    asked("/search/suggest.json", q="%" * 190), asked("/firms-like-mine", words='" OR 1=1 --'),
    asked("/govspend/who-sells", words='"' * 1000), asked("/govspend/who-sells.csv", words=_LONG),
    asked("/govspend/search", words="* * *"),
]  # fmt: skip
