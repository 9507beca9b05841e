// SPDX-License-Identifier: MIT
#include "delivery/ledger/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace landfall::delivery::ledger {
namespace {

class descriptor {
  public:
    descriptor(const std::string& path, int flags, mode_t mode = 0)
        : number_(::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode)), error_(errno) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    [[nodiscard]] int number() const noexcept { return number_; }
    [[nodiscard]] int error() const noexcept { return number_ < 0 ? error_ : 0; }

  private:
    int number_;
    int error_;
};

int result_of(int returned) noexcept {
    return returned == 0 ? 0 : errno;
}

int sync_opened(const std::string& path, int flags) {
    const descriptor file(path, O_RDONLY | flags);
    return file.error() != 0 ? file.error() : result_of(::fsync(file.number()));
}

} // namespace

std::expected<std::vector<std::uint8_t>, int> disk_files::read(const std::string& path,
                                                               std::size_t most_octets) {
    const descriptor file(path, O_RDONLY);
    struct stat about{};
    if (file.error() != 0) {
        return std::unexpected(file.error());
    }
    if (::fstat(file.number(), &about) != 0) {
        return std::unexpected(errno);
    }
    if (!S_ISREG(about.st_mode)) {
        return std::unexpected(S_ISDIR(about.st_mode) ? EISDIR : EINVAL);
    }
    if (static_cast<std::uintmax_t>(about.st_size) > most_octets) {
        return std::unexpected(EFBIG);
    }
    std::vector<std::uint8_t> content(static_cast<std::size_t>(about.st_size));
    std::size_t length = 0;
    while (length < content.size()) {
        const ssize_t got = ::read(file.number(), content.data() + length, content.size() - length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return std::unexpected(errno);
        }
        if (got == 0) {
            break;
        }
        length += static_cast<std::size_t>(got);
    }
    content.resize(length);
    return content;
}

std::expected<std::vector<std::string>, int> disk_files::list(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator at(folder, error);
    for (const std::filesystem::directory_iterator end; !error && at != end; at.increment(error)) {
        std::string name = at->path().filename().string();
        if (!name.starts_with('.')) {
            names.push_back(std::move(name));
        }
    }
    if (error) {
        return std::unexpected(error.value());
    }
    return names;
}

int disk_files::write(const std::string& path, base::octets content) {
    constexpr mode_t readable = 0644;
    const descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC, readable);
    if (file.error() != 0) {
        return file.error();
    }
    while (!content.empty()) {
        const ssize_t put = ::write(file.number(), content.data(), content.size());
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return put < 0 ? errno : ENOSPC;
        }
        content = content.subspan(static_cast<std::size_t>(put));
    }
    return 0;
}

int disk_files::sync(const std::string& path) {
    return sync_opened(path, 0);
}

int disk_files::rename(const std::string& from, const std::string& to) {
    return result_of(std::rename(from.c_str(), to.c_str()));
}

int disk_files::remove(const std::string& path) {
    return result_of(std::remove(path.c_str()));
}

int disk_files::make_folder(const std::string& path) {
    constexpr mode_t readable = 0755;
    return result_of(::mkdir(path.c_str(), readable));
}

int disk_files::sync_folder(const std::string& folder) {
    return sync_opened(folder, O_DIRECTORY);
}

} // namespace landfall::delivery::ledger
