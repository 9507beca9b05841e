// SPDX-License-Identifier: MIT
#include "delivery/files/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace landfall::delivery {
namespace {

std::unexpected<file_error> why(int error = errno) noexcept {
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return std::unexpected(file_error::no_space);
    case EACCES:
    case EPERM:
    case EROFS:
        return std::unexpected(file_error::not_allowed);
    case ENOENT:
    case ENOTDIR:
        return std::unexpected(file_error::not_found);
    case EEXIST:
        return std::unexpected(file_error::exists);
    case EWOULDBLOCK:
        return std::unexpected(file_error::busy);
    default:
        return std::unexpected(file_error::failed);
    }
}

file_result<void> done(int status) noexcept {
    return status == 0 ? file_result<void>{} : why();
}

file_result<int> opened(int file) noexcept {
    return file >= 0 ? file_result<int>{file} : why();
}

class posix_files final : public file_system {
  public:
    explicit posix_files(readable by)
        : file_mode_(by == readable::by_all ? 0644 : 0640),
          folder_mode_(by == readable::by_all ? 0755 : 0750) {}

    file_result<void> make_folder(const std::string& path) override {
        if (::mkdir(path.c_str(), folder_mode_) == 0) {
            return {};
        }
        const int error = errno;
        struct stat about{};
        const bool there = error == EEXIST && ::stat(path.c_str(), &about) == 0;
        return there && S_ISDIR(about.st_mode) ? file_result<void>{} : why(error);
    }

    file_result<std::vector<folder_entry>> list(const std::string& path) override {
        std::error_code error;
        std::vector<folder_entry> found;
        for (auto at = std::filesystem::directory_iterator(path, error);
             !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
            // What has gone meanwhile is not there.
            std::error_code gone;
            const auto status = at->symlink_status(gone);
            const bool folder = std::filesystem::is_directory(status);
            const bool regular = std::filesystem::is_regular_file(status);
            const std::uintmax_t octets = regular ? at->file_size(gone) : 0;
            if ((folder || regular) && !gone) {
                found.push_back({at->path().filename().string(), octets, folder});
            }
        }
        if (error) {
            return why(error.value());
        }
        return found;
    }

    file_result<std::vector<std::uint8_t>> read(const std::string& path,
                                                std::size_t most) override {
        auto content = read_begin(path, most + 1);
        if (content && content->size() > most) {
            return std::unexpected(file_error::too_long);
        }
        return content;
    }

    file_result<std::vector<std::uint8_t>> read_begin(const std::string& path,
                                                      std::size_t most) override {
        const open_file file = at(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
        struct stat about{};
        if (!file || ::fstat(file.number(), &about) != 0) {
            return why();
        }
        std::vector<std::uint8_t> content(
            std::min(most, static_cast<std::size_t>(about.st_size) + 1));
        std::size_t length = 0;
        while (length < content.size()) {
            const ssize_t got =
                ::read(file.number(), content.data() + length, content.size() - length);
            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got < 0) {
                return why();
            }
            if (got == 0) {
                break;
            }
            length += static_cast<std::size_t>(got);
        }
        content.resize(length);
        return content;
    }

    file_result<int> create(const std::string& path) override {
        return opened(
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, file_mode_));
    }
    file_result<int> append(const std::string& path) override {
        return opened(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                             file_mode_));
    }
    file_result<int> lock(const std::string& path) override {
        const int file =
            ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, file_mode_);
        if (file >= 0 && ::flock(file, LOCK_EX | LOCK_NB) != 0) {
            const auto error = why();
            ::close(file);
            return error;
        }
        return opened(file);
    }

    file_result<void> write(int file, base::octets data) override {
        while (!data.empty()) {
            const ssize_t put = ::write(file, data.data(), data.size());
            if (put < 0 && errno == EINTR) {
                continue;
            }
            if (put < 0) {
                return why();
            }
            data = data.subspan(static_cast<std::size_t>(put));
        }
        return {};
    }
    void start_sync(int file) noexcept override {
        static_cast<void>(::sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE));
    }
    file_result<void> sync(int file) override { return done(::fdatasync(file)); }
    void close(int file) noexcept override { ::close(file); }

    file_result<void> rename(const std::string& from, const std::string& to) override {
        return done(::rename(from.c_str(), to.c_str()));
    }
    file_result<void> remove(const std::string& path) override {
        return done(std::remove(path.c_str()));
    }
    file_result<void> sync_folder(const std::string& path) override {
        const open_file folder = at(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        return folder ? done(::fsync(folder.number())) : why();
    }
    file_result<std::uint64_t> free_octets(const std::string& path) override {
        struct statvfs about{};
        if (::statvfs(path.c_str(), &about) != 0) {
            return why();
        }
        return about.f_bavail * about.f_frsize;
    }

  private:
    mode_t file_mode_;
    mode_t folder_mode_;

    open_file at(int file) noexcept { return file >= 0 ? open_file(*this, file) : open_file(); }
};

} // namespace

const char* name(file_error error) noexcept {
    switch (error) {
    case file_error::no_space:
        return "no_space";
    case file_error::not_allowed:
        return "not_allowed";
    case file_error::not_found:
        return "not_found";
    case file_error::exists:
        return "exists";
    case file_error::busy:
        return "busy";
    case file_error::too_long:
        return "too_long";
    case file_error::failed:
        return "failed";
    }
    return nullptr;
}

std::unique_ptr<file_system> system_files(readable by) {
    return std::make_unique<posix_files>(by);
}

} // namespace landfall::delivery
