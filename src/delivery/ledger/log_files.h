// SPDX-License-Identifier: MIT
// What opening a log and appending to it share: the files' names, and outcomes.
#pragma once

#include "delivery/ledger/log_writer.h"

namespace landfall::delivery::ledger {

// A checkpoint is durable under the second name before it is seen under its own: no signature
// that anybody may have seen is forgotten.
inline constexpr const char* next_file = "checkpoint.next";
inline constexpr const char* incoming_file = "incoming"; // a file before it has its name
inline constexpr const char* torn_folder = "torn";
inline constexpr const char* verifier_file = "ledger.vkey";
inline constexpr const char* minisign_key_file = "minisign.pub";
inline constexpr const char* pem_file = "ledger.pem";
inline constexpr std::int64_t ns_per_second = 1'000'000'000;

using outcome = std::expected<void, log_failure>;

inline outcome failed(file_error reason, const std::string& path) {
    return std::unexpected(log_failure{log_error::storage, path, reason});
}

inline outcome done(const file_result<void>& result, const std::string& path) {
    return result ? outcome() : failed(result.error(), path);
}

inline outcome refuse(log_error error, const std::string& path) {
    return std::unexpected(log_failure{error, path, std::nullopt});
}

inline std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

inline std::vector<std::uint8_t> octets_of_tile(const std::vector<digest>& hashes) {
    std::vector<std::uint8_t> content;
    for (const digest& hash : hashes) {
        content.insert(content.end(), hash.begin(), hash.end());
    }
    return content;
}

} // namespace landfall::delivery::ledger
