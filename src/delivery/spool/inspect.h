// SPDX-License-Identifier: MIT
// A tenant's spool as anyone may look at it, also while a gateway writes it: nothing is changed.
#pragma once

#include "base/function_ref.h"
#include "delivery/files/files.h"
#include "delivery/spool/manifest.h"
#include "delivery/spool/summary.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace landfall::delivery {

/// What may be wrong. Each has a `name` that goes into reports.
enum class finding : std::uint8_t {
    digest,     ///< some octet is not what was written
    length,     ///< cut, or longer than it was
    missing,    ///< the manifest has it, the folder does not
    header,     ///< no segment of ours, though its digest is right
    unreadable, ///< the system does not give it to us
    set_aside,  ///< found damaged before, and kept
    torn,       ///< not finished when the gateway ended; none of it was announced
    manifest,   ///< a line of the manifest, or all of it
};
inline constexpr std::size_t finding_count = 8;
[[nodiscard]] const char* name(finding what) noexcept;

struct seen_file {
    std::string file; ///< its name in the folder
    stored_segment segment;
    std::optional<segment_summary> summary{};
    std::optional<finding> wrong{};
    std::size_t line = 0; ///< of the manifest, for `manifest`; 0: all of it
    const std::vector<std::uint8_t>* content = nullptr; ///< whole and right; during the call only
};

enum class depth : std::uint8_t {
    headers, ///< what segments say of themselves, and lengths
    contents ///< all octets, by their digests
};

/// Every segment by its sequence number, then what else is to be told. What is wrong with one does
/// not stop the others. Nothing at all where the folder cannot be read.
[[nodiscard]] file_result<void> inspect(file_system& files, const std::string& folder, depth how,
                                        base::function_ref<void(const seen_file&)> each);

} // namespace landfall::delivery
