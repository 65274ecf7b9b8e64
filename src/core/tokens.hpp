// How many tokens a text has, without a tokenizer.
#pragma once

#include <cstdint>
#include <string_view>

namespace sm::core {

std::uint32_t estimate_tokens(std::string_view text) noexcept;

}  // namespace sm::core
