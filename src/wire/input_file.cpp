// SPDX-License-Identifier: MIT
#include "wire/input_file.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace landfall::wire {

namespace {

base::failure io_failure(const std::string& path, const char* what) {
    return {fmt::format("{}: {}: {}", path, what, std::strerror(errno))};
}

} // namespace

base::result<input_file> open_input(const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        return std::unexpected(base::failure{fmt::format("{}: is a directory", path)});
    }
    input_file file{file_handle(std::fopen(path.c_str(), "rb")), 0};
    if (!file.handle) {
        return std::unexpected(io_failure(path, "cannot be opened"));
    }
    if (std::filesystem::is_regular_file(path, error)) {
        file.octets = std::filesystem::file_size(path, error);
        if (!error && file.octets == 0) {
            return std::unexpected(base::failure{fmt::format("{}: is empty", path)});
        }
    }
    return file;
}

base::result<output_file> output_file::create(const std::string& path) {
    file_handle handle(std::fopen(path.c_str(), "wb"));
    if (!handle) {
        return std::unexpected(io_failure(path, "cannot be created"));
    }
    return output_file(path, std::move(handle));
}

base::result<void> output_file::write(base::octets data) {
    if (std::fwrite(data.data(), 1, data.size(), handle_.get()) != data.size()) {
        return std::unexpected(io_failure(path_, "cannot be written"));
    }
    return {};
}

base::result<void> output_file::close() {
    if (handle_ && std::fclose(handle_.release()) != 0) {
        return std::unexpected(io_failure(path_, "cannot be written"));
    }
    return {};
}

} // namespace landfall::wire
