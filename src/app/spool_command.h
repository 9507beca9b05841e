// SPDX-License-Identifier: MIT
// `landfall spool`: what the durable lane keeps, looked at from outside, also while the gateway
// runs.
#pragma once

#include <string>

namespace landfall::app {

inline constexpr const char* default_spool = "/var/lib/landfall/spool";

enum class spool_word { list, verify, export_ };

struct spool_options {
    std::string folder = default_spool; ///< with a folder for each tenant, or one of these
    std::string tenant;                 ///< empty: all
    std::string to;                     ///< export: where to
    std::string identity_file;          ///< export: opens what it exports
    bool json = false;
};

/// Returns how the program exits: 1 where something is wrong with what is kept.
[[nodiscard]] int spool_command(spool_word word, const spool_options& options);

} // namespace landfall::app
