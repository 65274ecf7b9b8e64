// session_memory: session memory for chatbots and agents. The module's entry.
#include "pg/postgres.hpp"
#include "settings.hpp"
#include "worker/launcher.hpp"

extern "C" {

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void) {
    sm::settings::define();
    sm::worker::register_launcher();
}

}  // extern "C"
