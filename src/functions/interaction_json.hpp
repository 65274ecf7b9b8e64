// One interaction as JSON, as sm_context and sm_pop show it.
#pragma once

#include "functions/json_output.hpp"
#include "store/reader.hpp"

namespace sm::functions {

/// {"seq": …, "timestamp": …, the members of the stored object but for those two}
void write_interaction(JsonOutput &out, const store::StoredInteraction &interaction);

}  // namespace sm::functions
