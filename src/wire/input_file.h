// SPDX-License-Identifier: MIT
// Opening files with messages that name them.
#pragma once

#include "base/bytes.h"
#include "base/error.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

namespace landfall::wire {

struct file_closer {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using file_handle = std::unique_ptr<std::FILE, file_closer>;

struct input_file {
    file_handle handle;
    std::uint64_t octets = 0; ///< 0 for what has no size: a pipe
};

/// For reading; a directory or an empty regular file is a failure.
base::result<input_file> open_input(const std::string& path);

/// For writing, replacing what is there.
class output_file {
  public:
    static base::result<output_file> create(const std::string& path);

    base::result<void> write(base::octets data);
    /// Writes out what is buffered; afterwards nothing may be written.
    base::result<void> close();

  private:
    output_file(std::string path, file_handle handle)
        : path_(std::move(path)), handle_(std::move(handle)) {}

    std::string path_;
    file_handle handle_;
};

} // namespace landfall::wire
