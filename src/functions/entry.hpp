// What every entry point of a hot call does first.
#pragma once

#include "functions/arguments.hpp"
#include "pg/extension.hpp"
#include "worker/on_demand.hpp"

namespace sm::functions {

/// The extension of the called function; also sees to it that somebody cleans up.
inline const pg::Extension &enter(FunctionCallInfo fcinfo) {
    const pg::Extension &extension = pg::extension_of(fcinfo);
    worker::nudge(extension);
    return extension;
}

}  // namespace sm::functions
