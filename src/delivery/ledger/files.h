// SPDX-License-Identifier: MIT
// The file operations that a ledger needs, each one system call or nearly so, so that tests can
// fail or crash between any two.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace landfall::delivery::ledger {

/// Each returns 0 or an errno.
class files {
  public:
    virtual ~files() = default;

    /// The whole file, of which there must not be more than `most_octets` (EFBIG).
    [[nodiscard]] virtual std::expected<std::vector<std::uint8_t>, int>
    read(const std::string& path, std::size_t most_octets) = 0;
    /// Names in a folder, in any order, without those that begin with a dot.
    [[nodiscard]] virtual std::expected<std::vector<std::string>, int>
    list(const std::string& folder) = 0;
    /// A new file, or instead of what was in it. Not durable before `sync`.
    [[nodiscard]] virtual int write(const std::string& path, base::octets content) = 0;
    [[nodiscard]] virtual int sync(const std::string& path) = 0;
    /// Replaces what had the name. Not durable before `sync_folder`, likewise a removal and a new
    /// folder's own name.
    [[nodiscard]] virtual int rename(const std::string& from, const std::string& to) = 0;
    [[nodiscard]] virtual int remove(const std::string& path) = 0;
    /// EEXIST where it is there already.
    [[nodiscard]] virtual int make_folder(const std::string& path) = 0;
    [[nodiscard]] virtual int sync_folder(const std::string& folder) = 0;
};

/// On the disk. Folders 0755, files 0644: what is in a ledger is for others to verify.
class disk_files final : public files {
  public:
    std::expected<std::vector<std::uint8_t>, int> read(const std::string& path,
                                                       std::size_t most_octets) override;
    std::expected<std::vector<std::string>, int> list(const std::string& folder) override;
    int write(const std::string& path, base::octets content) override;
    int sync(const std::string& path) override;
    int rename(const std::string& from, const std::string& to) override;
    int remove(const std::string& path) override;
    int make_folder(const std::string& path) override;
    int sync_folder(const std::string& folder) override;
};

} // namespace landfall::delivery::ledger
