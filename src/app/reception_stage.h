// SPDX-License-Identifier: MIT
// Where a reception that gave no frames came to its end, and which of the mission's keys may be
// wrong then.
#pragma once

#include "app/receive_chain.h"
#include "config/mission.h"

#include <cstdint>
#include <string>
#include <vector>

namespace landfall::app {

/// What failed. Each is a word of the report.
enum class reception_stage : std::uint8_t {
    none,         ///< frames came
    input,        ///< nothing came in that fits the mission
    carrier,      ///< no carrier was found
    code_phase,   ///< no rotation and phase of the convolutional code fits the soft bits
    sync_marker,  ///< no sync marker comes again and again
    frame_length, ///< sync markers do, at another distance than the mission's
    reed_solomon, ///< they stand right, but no codeword between them is one
    fecf,         ///< no error control field fits
    framing,      ///< frames were decoded, and refused for another reason
};
const char* name(reception_stage stage) noexcept;

struct stage_report {
    reception_stage failed = reception_stage::none;
    std::string why;                 ///< for a person, without full stop; empty for `none`
    std::vector<std::string> trials; ///< "key=value" for `--set`, likely ones first
};

/// `finished`: the status after the end, so that nothing is still held back.
[[nodiscard]] stage_report stage_of(const chain_status& finished, const config::mission& mission);

} // namespace landfall::app
