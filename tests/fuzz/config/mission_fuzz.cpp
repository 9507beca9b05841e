// SPDX-License-Identifier: MIT
// Any octets as a mission file and as an override: errors only, each printable; what loads is in
// range and loads again from its own text.
#include "config/mission_loader.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace landfall::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    const auto end = text.find('\0');
    std::vector<std::string> sets;
    if (end != std::string::npos)
        sets.push_back(text.substr(end + 1));
    const auto one = read_mission({"fuzz.toml", text.substr(0, end)}, sets);
    if (!one) {
        if (one.error().empty() || one.error().text().find('\x1b') != std::string::npos)
            std::abort();
        return 0;
    }
    const std::string written = toml_text(*one);
    const auto again = read_mission({"fuzz.toml", written});
    if (!again || toml_text(*again) != written)
        std::abort();
    return 0;
}
