// SPDX-License-Identifier: MIT
#include "app/timestamp_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace landfall::app {
namespace {

/// The new name of a file is on the disk when its folder is.
bool sync_folder(const std::filesystem::path& of) {
    const std::filesystem::path folder = of.has_parent_path() ? of.parent_path() : ".";
    const int handle = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool good = handle >= 0 && fsync(handle) == 0;
    if (handle >= 0) {
        const int why = errno;
        close(handle);
        errno = why;
    }
    return good;
}

} // namespace

crypto::tai64n timestamp_file::read() const {
    crypto::tai64n newest;
    const int file = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return newest;
    }
    std::array<std::uint8_t, crypto::timestamp_octets + 1> octets{};
    const ssize_t count = ::read(file, octets.data(), octets.size());
    close(file);
    if (count == static_cast<ssize_t>(crypto::timestamp_octets)) {
        std::memcpy(newest.octet.data(), octets.data(), newest.octet.size());
    }
    return newest;
}

base::result<void> timestamp_file::write(const crypto::tai64n& newest) const {
    std::error_code ignored;
    std::filesystem::create_directories(path_.parent_path(), ignored);
    const std::string fresh = path_.string() + ".new";
    const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = file >= 0;
    good = good && ::write(file, newest.octet.data(), newest.octet.size()) ==
                       static_cast<ssize_t>(newest.octet.size());
    good = good && fsync(file) == 0;
    if (file >= 0) {
        const int why = errno;
        close(file);
        errno = why;
    }
    good = good && std::rename(fresh.c_str(), path_.c_str()) == 0 && sync_folder(path_);
    if (!good) {
        const int why = errno;
        return std::unexpected(base::failure{
            fmt::format("{}: the tunnel's time stamp is not kept: {}; after a restart with a clock "
                        "that went back, peers refuse this gateway until its clock has caught up",
                        path_.string(), std::strerror(why))});
    }
    return {};
}

} // namespace landfall::app
