// SPDX-License-Identifier: MIT
// Every file operation of spool and ledger, in one place, each one system call or nearly so: a test
// can make any of them fail, or cut the power between any two.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace landfall::delivery {

/// Why an operation failed. Each is a metric label.
enum class file_error : std::uint8_t {
    no_space, ///< of the file system or a quota
    not_allowed,
    not_found,
    exists,
    busy,     ///< locked by another process
    too_long, ///< more than was to be read
    failed,   ///< anything else: the medium, most likely
};
inline constexpr std::size_t file_error_count = 7;
[[nodiscard]] const char* name(file_error error) noexcept;

template <class T>
using file_result = std::expected<T, file_error>;

struct folder_entry {
    std::string name;
    std::uint64_t octets = 0;
    bool is_folder = false;
};

/// Paths are whole paths.
class file_system {
  public:
    virtual ~file_system() = default;

    /// Fine where it is there.
    [[nodiscard]] virtual file_result<void> make_folder(const std::string& path) = 0;
    /// Regular files and folders, in no order.
    [[nodiscard]] virtual file_result<std::vector<folder_entry>> list(const std::string& path) = 0;
    [[nodiscard]] virtual file_result<std::vector<std::uint8_t>> read(const std::string& path,
                                                                      std::size_t most) = 0;
    /// The first octets of a file.
    [[nodiscard]] virtual file_result<std::vector<std::uint8_t>> read_begin(const std::string& path,
                                                                            std::size_t most) = 0;
    /// A new file; `exists` where there is one.
    [[nodiscard]] virtual file_result<int> create(const std::string& path) = 0;
    /// At its end, made where there is none.
    [[nodiscard]] virtual file_result<int> append(const std::string& path) = 0;
    /// Held until `close`; `busy` where another process has it.
    [[nodiscard]] virtual file_result<int> lock(const std::string& path) = 0;
    /// All of it, or an error: then part of it may have been written.
    [[nodiscard]] virtual file_result<void> write(int file, base::octets data) = 0;
    /// What was written starts on its way to the medium; a hint.
    virtual void start_sync(int file) noexcept = 0;
    /// fdatasync: what was written is on the medium.
    [[nodiscard]] virtual file_result<void> sync(int file) = 0;
    virtual void close(int file) noexcept = 0;
    /// Replaces what had the name. Not durable before `sync_folder`, likewise all other changes of
    /// names.
    [[nodiscard]] virtual file_result<void> rename(const std::string& from,
                                                   const std::string& to) = 0;
    /// A file, or an empty folder.
    [[nodiscard]] virtual file_result<void> remove(const std::string& path) = 0;
    [[nodiscard]] virtual file_result<void> sync_folder(const std::string& path) = 0;
    /// Free for us on the file system of a path.
    [[nodiscard]] virtual file_result<std::uint64_t> free_octets(const std::string& path) = 0;

  protected:
    file_system() = default;
    file_system(const file_system&) = default;
    file_system& operator=(const file_system&) = default;
};

/// Who may read what is made.
enum class readable : std::uint8_t { by_group, by_all };

/// The system's.
[[nodiscard]] std::unique_ptr<file_system> system_files(readable by = readable::by_group);

/// An open file that closes itself.
class open_file {
  public:
    open_file() = default;
    open_file(file_system& files, int number) noexcept : files_(&files), number_(number) {}
    open_file(open_file&& other) noexcept
        : files_(std::exchange(other.files_, nullptr)), number_(other.number_) {}
    open_file& operator=(open_file&& other) noexcept {
        if (this != &other) {
            close();
            files_ = std::exchange(other.files_, nullptr);
            number_ = other.number_;
        }
        return *this;
    }
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;
    ~open_file() { close(); }

    void close() noexcept {
        if (files_ != nullptr) {
            std::exchange(files_, nullptr)->close(number_);
        }
    }
    [[nodiscard]] explicit operator bool() const noexcept { return files_ != nullptr; }
    [[nodiscard]] int number() const noexcept { return number_; }

  private:
    file_system* files_ = nullptr;
    int number_ = -1;
};

} // namespace landfall::delivery
