// The settings (session_memory.*).
//
// Settings that decide what other users see, or what is kept, are for superusers; they can be set
// in postgresql.conf, by ALTER SYSTEM, or for one database by ALTER DATABASE … SET.
#include "settings.hpp"

#include <climits>

#include "pg/fault.hpp"

namespace sm::settings {

double ttl_seconds;
double idle_timeout_seconds;
int max_interactions;
int summary_interval;
bool notify;
double max_size_kilobytes;
int nap_time_ms;
int batch_size;
int profile_retention_seconds;
int backup_retention_seconds;
int access_path;
bool worker;
char *user_id;

namespace {

constexpr double kDay = 24.0 * 60 * 60;
constexpr double kThousandYears = 1000 * 365.25 * kDay;

const config_enum_entry kAccessPaths[] = {
    {"auto", static_cast<int>(AccessPath::kAuto), false},
    {"sql", static_cast<int>(AccessPath::kSql), false},
    {"direct", static_cast<int>(AccessPath::kDirect), false},
    {nullptr, 0, false},
};

void define_duration(const char *name, const char *what, const char *more, double *variable,
                     double value) {
    DefineCustomRealVariable(name, what, more, variable, value, 0, kThousandYears, PGC_SUSET,
                             GUC_UNIT_S, nullptr, nullptr, nullptr);
}

void define_integer(const char *name, const char *what, const char *more, int *variable, int value,
                    int least, int most, int unit = 0) {
    DefineCustomIntVariable(name, what, more, variable, value, least, most, PGC_SUSET, unit,
                            nullptr, nullptr, nullptr);
}

}  // namespace

void define() {
    define_duration("session_memory.ttl", "How long an interaction lives after it was created.",
                    "0 keeps interactions for ever. A session's own ttl wins.", &ttl_seconds, kDay);
    define_duration(
        "session_memory.idle_timeout", "How long a session lives after its last activity.",
        "0 switches it off. A session's own idle timeout wins.", &idle_timeout_seconds, 0);
    define_integer("session_memory.max_interactions",
                   "How many interactions a session keeps, the newest.",
                   "0 keeps all. A session's own number wins.", &max_interactions, 0, 0, INT_MAX);
    define_integer("session_memory.summary_interval",
                   "After how many new interactions a session's summary is due.", nullptr,
                   &summary_interval, 5, 1, INT_MAX);
    DefineCustomBoolVariable("session_memory.notify",
                             "Whether NOTIFY session_memory is sent when a summary falls due.",
                             "Off by default: notifying transactions commit one after the other.",
                             &notify, false, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomRealVariable(
        "session_memory.max_size",
        "Size of the memory above which the least recently active sessions are evicted.",
        "0 switches eviction off.", &max_size_kilobytes, 0, 0, 1e15, PGC_SUSET, GUC_UNIT_KB,
        nullptr, nullptr, nullptr);
    define_integer("session_memory.nap_time",
                   "Pause between two bursts of clean-up in one database.", nullptr, &nap_time_ms,
                   60 * 1000, 100, INT_MAX, GUC_UNIT_MS);
    define_integer("session_memory.batch_size",
                   "How many interactions the background worker removes in one transaction.",
                   nullptr, &batch_size, 1000, 1, 1000 * 1000);
    define_integer("session_memory.profile_retention",
                   "How long the profile of an inactive user is kept.",
                   "0 keeps profiles for ever.", &profile_retention_seconds, 365 * 24 * 60 * 60, 0,
                   INT_MAX, GUC_UNIT_S);
    define_integer("session_memory.backup_retention", "How long a backup is kept.",
                   "0 keeps backups for ever.", &backup_retention_seconds, 30 * 24 * 60 * 60, 0,
                   INT_MAX, GUC_UNIT_S);
    DefineCustomEnumVariable("session_memory.access_path", "How reads reach the tables.",
                             "auto reads directly where that is provably the same as SQL.",
                             &access_path, static_cast<int>(AccessPath::kAuto), kAccessPaths,
                             PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("session_memory.worker",
                             "Whether a background worker removes what has expired.",
                             "Reads hide what has expired in any case.", &worker, true, PGC_SUSET,
                             0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("session_memory.user_id",
                               "The user whose rows the policies of sm_isolate() let through.",
                               "Empty: nobody's. The application sets it for each transaction.",
                               &user_id, "", PGC_USERSET, 0, nullptr, nullptr, nullptr);
    pg::define_faults();
    MarkGUCPrefixReserved("session_memory");
}

}  // namespace sm::settings
