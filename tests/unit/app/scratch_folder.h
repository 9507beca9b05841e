// SPDX-License-Identifier: MIT
// A folder of a test's own that goes away.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace landfall::test {

struct scratch_folder {
    scratch_folder()
        : path(std::filesystem::temp_directory_path() /
               ("landfall-unit-app-" + std::to_string(getpid()))) {
        std::filesystem::remove_all(path);
        std::filesystem::create_directories(path);
    }
    ~scratch_folder() { std::filesystem::remove_all(path); }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    void write(const std::string& name, const std::string& text, unsigned mode = 0600) const {
        std::ofstream(path / name) << text;
        std::filesystem::permissions(path / name, std::filesystem::perms(mode));
    }

    std::filesystem::path path;
};

} // namespace landfall::test
