// SPDX-License-Identifier: MIT
// The carriers of a configuration file: what `landfall replay -c` needs of it.
#pragma once

#include "config/diagnostics.h"
#include "config/mission.h"
#include "config/mission_loader.h"

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace landfall::config {

inline constexpr std::size_t carriers_max = 256;
inline constexpr std::size_t carrier_name_octets_max = 64;

/// One `[[carrier]]`, its overrides applied to its mission.
struct carrier {
    std::string name; ///< unique; fit to begin a file's name
    config::mission mission;
    std::string port; ///< empty where it is not given
    std::optional<std::uint16_t> udp_port;
    std::optional<std::uint32_t> stream_id;
};

using carriers_result = std::expected<std::vector<carrier>, diagnostics>;

/// At least one carrier, or everything that is wrong. Other tables that a configuration may have
/// are not looked into; names of tables that it may not have are errors. A mission's path is
/// relative to the configuration file.
[[nodiscard]] carriers_result load_carriers(const std::filesystem::path& file,
                                            const folders& where = mission_folders());

/// The same from text.
[[nodiscard]] carriers_result read_carriers(const source_text& source, const folders& where);

/// The keys that a `[[carrier]]` has beside those of a mission.
[[nodiscard]] std::span<const std::string_view> carrier_key_names() noexcept;

} // namespace landfall::config
