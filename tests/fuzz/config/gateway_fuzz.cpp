// SPDX-License-Identifier: MIT
// Any octets as a configuration of one file or two (parted by a zero): errors only, each printable;
// what loads prints itself as text that loads to the same.
#include "config/gateway.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>

using namespace landfall::config;

static std::string without_comments(const std::string& text) {
    std::stringstream lines(text);
    std::string all;
    for (std::string line; std::getline(lines, line);)
        all += line.substr(0, line.rfind("  # ")) + '\n';
    return all;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    const auto end = text.find('\0');
    std::vector<source_text> files{{"fuzz.toml", text.substr(0, end)}};
    if (end != std::string::npos)
        files.push_back({"second.toml", text.substr(end + 1)});
    // No file of this machine is a mission, but for the presets.
    if (text.find('/') != std::string::npos && text.find("mission") != std::string::npos &&
        text.find(".toml") != std::string::npos)
        return 0;
    const folders where{LANDFALL_MISSIONS_FOLDER};
    const auto one = read_gateway(std::move(files), where, use::replay);
    if (!one) {
        if (one.error().empty() || one.error().text().find('\x1b') != std::string::npos)
            std::abort();
        return 0;
    }
    if (one->warnings.text().find('\x1b') != std::string::npos)
        std::abort();
    const std::string written = toml_text(*one);
    const auto again = read_gateway({{"fuzz.toml", written}}, where, use::replay);
    if (!again || without_comments(toml_text(*again)) != without_comments(written))
        std::abort();
    return 0;
}
