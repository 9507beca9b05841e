// SPDX-License-Identifier: MIT
#include "app/version.h"

#include "crypto/start.h"
#include "dataplane/eal.h"
#include "dsp/liquid_version.h"
#include "wire/library_versions.h"

#include <CLI/Version.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace landfall::app {

std::string version_text() {
    return fmt::format(
        "landfall {}\n{}\n{}\nliquid-dsp {}\nlibfec (no version of its own)\n{}\n{}\nfmt {}.{}.{}\n"
        "CLI11 {}\nnlohmann-json {}.{}.{}",
        LANDFALL_VERSION, dataplane::library_version(), crypto::library_version(),
        dsp::liquid_version(), wire::pcap_library_version(), wire::audio_library_version(),
        FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100, CLI11_VERSION,
        NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH);
}

control::build_info build_versions() {
    const auto number = [](const std::string& text) { return text.substr(text.rfind(' ') + 1); };
    return {.version = LANDFALL_VERSION,
            .revision = source_revision(),
            .dpdk = number(dataplane::library_version()),
            .liquid = dsp::liquid_version(),
            .sodium = number(crypto::library_version())};
}

} // namespace landfall::app
