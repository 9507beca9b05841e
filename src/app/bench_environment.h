// SPDX-License-Identifier: MIT
// What the stages of `landfall bench` share: DPDK, which starts once per process, and a capture
// that goes when it is done with.
#pragma once

#include "base/error.h"
#include "dataplane/eal.h"

#include <filesystem>
#include <string>

namespace landfall::app {

/// Enough memory for any stage.
[[nodiscard]] base::result<const dataplane::eal*> bench_environment();

class temporary_file {
  public:
    temporary_file();
    ~temporary_file();
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;

    [[nodiscard]] std::string path() const { return path_.string(); }

  private:
    std::filesystem::path path_;
};

} // namespace landfall::app
