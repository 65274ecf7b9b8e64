#!/usr/bin/env python3
"""pgspot, with PL/pgSQL: pgspot-plpgsql.py FILE … (https://github.com/timescale/pgspot)

pgspot takes each expression of PL/pgSQL for a statement, and gives up where it is none: at the
options of RAISE, at what is returned, at assignments. Here these are shown to it as what they are.
What still cannot be read fails. The text that EXECUTE makes is not seen; it runs with the search_path
of its function.
"""
import re
import sys

import pgspot.cli
import pgspot.visitors
from pglast.parser import ParseError

whole = pgspot.visitors.visit_sql
bodies_of = pgspot.visitors.parse_plpgsql
bodies = expressions = 0


def visit_sql(state, sql, toplevel=False):
    global expressions
    if toplevel:
        return whole(state, sql, toplevel=True)
    expressions += 1
    for text in (sql, "SELECT " + sql):
        try:
            return whole(state, text)
        except ParseError:
            pass
    return whole(state, "SELECT " + re.sub(r"^\s*[\w.\[\]]+\s*:?=", "", sql))


def parse_plpgsql(sql):
    global bodies
    bodies += 1
    return bodies_of(sql)


pgspot.visitors.parse_plpgsql = parse_plpgsql
pgspot.visitors.visit_sql = pgspot.cli.visit_sql = visit_sql
try:
    pgspot.cli.run()
finally:
    print(f"{bodies} bodies of PL/pgSQL, {expressions} expressions and bodies of SQL")
