// SPDX-License-Identifier: MIT
// What the kernel says about this process.
#pragma once

#include <cstdint>
#include <optional>

namespace landfall::control {

struct process_state {
    double cpu_s = 0; ///< user and system
    std::uint64_t open_files = 0;
    std::optional<std::uint64_t> most_files; ///< none: no limit
    std::uint64_t virtual_bytes = 0;
    std::uint64_t resident_bytes = 0;
    std::optional<double> start_unix_s; ///< none: /proc does not tell
    std::uint64_t threads = 0;
};

/// Zeros where /proc cannot be read.
[[nodiscard]] process_state read_process();

} // namespace landfall::control
