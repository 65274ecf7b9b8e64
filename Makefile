# session_memory: session memory for chatbots and agents, inside PostgreSQL.
#
#   make && make install      the extension, for the PostgreSQL that PG_CONFIG names (15 to 18)
#   make demo                 see it work on a private throw-away server
#   make check                every test;  make check-long: the promises at full strength
#   make lint, make format, make bench, make check-majors
#
# The module is built by PGXS. CMake builds the C++ tests and calls this file for the module.

# What people and CI call. These install what they need, so they must not depend on PGXS being there.
SCRIPTED := demo check check-long check-majors bench lint format
ifneq (,$(filter $(SCRIPTED),$(MAKECMDGOALS)))

.PHONY: $(SCRIPTED)
demo:
	scripts/demo.sh
check:
	scripts/check.sh
check-long:
	SM_LONG=1 scripts/check.sh
check-majors:
	scripts/check-majors.sh
bench:
	scripts/bench.sh
lint:
	scripts/lint.sh
format:
	clang-format -i $$(git ls-files '*.cpp' '*.hpp')

else

EXTENSION    := session_memory
VERSION      := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(EXTENSION).control)
MODULE_big   := session_memory

CORE_SOURCES  := $(sort $(wildcard src/core/*.cpp))
SHELL_SOURCES := $(sort $(filter-out $(CORE_SOURCES),$(wildcard src/*.cpp src/*/*.cpp)))
CORE_OBJS     := $(CORE_SOURCES:.cpp=.o)
SHELL_OBJS    := $(SHELL_SOURCES:.cpp=.o)
OBJS          := $(CORE_OBJS) $(SHELL_OBJS)

ASSEMBLED_SQL := $(EXTENSION)--$(VERSION).sql
INSTALL_PIECES := $(sort $(wildcard sql/install/*.sql))
DATA           := $(wildcard sql/upgrade/*.sql)
DATA_built     := $(ASSEMBLED_SQL)

# The administrator's tool. In the tree it runs as bin/session-memory, installed it is one file.
TOOL          := session-memory
TOOL_PIECES   := $(wildcard bin/*)
SCRIPTS_built := $(TOOL)

# Only our own entry points leave the module; `make lint` looks at the result with nm.
SHLIB_EXPORTS = src/exports.txt

# JIT inlining of entry points that do their work behind SPI gains nothing.
override with_llvm := no

REGRESS        := $(sort $(patsubst sql/%.sql,%,$(wildcard sql/*.sql)))
ISOLATION      := $(sort $(patsubst test/isolation/specs/%.spec,%,$(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS := --inputdir=test/isolation --outputdir=output_iso
EXTRA_CLEAN    := $(ASSEMBLED_SQL) src/exports.list $(OBJS:.o=.d) build

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# --- compilation: two regimes with a wall between them -----------------------------------------
# Core: the standard library and exceptions inside, no server. src/core/guard answers every
# #include of a server header with an #error, and stands first in the search order.
# Shell: the server's setjmp/longjmp, so no exceptions and no RTTI.
override CXXFLAGS += -std=c++20 -Wall -Wextra -fvisibility=hidden -fvisibility-inlines-hidden -MMD -MP $(SM_CXXFLAGS)
ifneq (,$(findstring clang,$(shell $(CXX) --version 2>/dev/null)))
override CXXFLAGS += -Wno-register -Wno-deprecated-volatile -Wno-missing-field-initializers -fconstexpr-steps=10000000
endif

$(CORE_OBJS): %.o: %.cpp
	$(CXX) -Isrc/core/guard -Isrc $(CXXFLAGS) -fPIC -c -o $@ $<

$(SHELL_OBJS): %.o: %.cpp
	$(CXX) $(CXXFLAGS) -fno-exceptions -fno-rtti -fPIC -Isrc -isystem $(shell $(PG_CONFIG) --includedir-server) $(CPPFLAGS) -c -o $@ $<

# libstdc++ comes with the C++ driver, so it links.
COMPILER = $(CXX) $(CXXFLAGS)

-include $(OBJS:.o=.d)

# --- the install script, from its pieces in the order of their numbers -------------------------
$(ASSEMBLED_SQL): $(INSTALL_PIECES) $(EXTENSION).control Makefile
	@printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit' > $@
	cat $(INSTALL_PIECES) >> $@

# --- the tool, from its pieces: each takes the place of the line that sources it ----------------
$(TOOL): $(TOOL_PIECES) Makefile
	awk '/^source "\$$pieces\// { split($$2, path, "/"); file = "bin/" substr(path[2], 1, length(path[2]) - 1); \
	     while ((getline line < file) > 0) if (line !~ /^# shellcheck shell=/) print line; next } \
	     !/^# shellcheck source=/ { print }' bin/session-memory > $@
	chmod +x $@

endif
