// SPDX-License-Identifier: MIT
// The newest time stamp that the tunnel has sent, across restarts: peers take none twice, so that a
// clock that went back would lock the gateway out.
#pragma once

#include "base/error.h"
#include "crypto/tai64n.h"

#include <filesystem>

namespace landfall::app {

class timestamp_file {
  public:
    explicit timestamp_file(std::filesystem::path path) : path_(std::move(path)) {}

    /// Zeros where there is none, or where it is damaged.
    [[nodiscard]] crypto::tai64n read() const;
    /// Replaces it as a whole, and on the disk.
    [[nodiscard]] base::result<void> write(const crypto::tai64n& newest) const;

  private:
    std::filesystem::path path_;
};

} // namespace landfall::app
