// Code that somebody has planted in a database, for the janitor to run there: it notes who runs it,
// and tries to get powers that its planter does not have.
//
// All tables of the extension belong to a role without powers. Planted code does nothing in the
// backends of the test, which are a superuser's, so that it can be planted before anything else.
#pragma once

#include <initializer_list>
#include <string>

#include "server.hpp"

namespace sm_test {

/// A role for a test. Declare it before the database in which it owns something.
class Role {
  public:
    Role(Server server, const std::string &purpose, const std::string &options = "");
    ~Role();
    Role(const Role &) = delete;
    Role &operator=(const Role &) = delete;

    const std::string &name() const { return name_; }

  private:
    Server server_;
    std::string name_;
};

/// The settings with which the janitor has everything to do that fill() leaves for it.
void let_everything_go(const Database &database);

/// Something of each kind that the janitor removes, changes or notes.
void fill(Session &session);

/// Whether what fill() left is as the janitor should leave it; else what is not.
std::string not_done(Session &session);

class Planted {
  public:
    explicit Planted(Server server);

    const Database &database() const { return database_; }
    Session &session() { return session_; }
    const std::string &owner() const { return owner_.name(); }

    /// Runs a statement, like format() with %1$s, for each of the tables.
    void on_each(std::initializer_list<const char *> tables, const std::string &statement);

    /// One more statement that planted code tries, and must be refused.
    void tries(const std::string &statement);

    void let_the_janitor_work() { database_.set("session_memory.worker", "on"); }

    /// Waits until the janitor has done everything, and planted code has run at each of the places.
    ::testing::AssertionResult works_past(std::initializer_list<const char *> places);
    ::testing::AssertionResult works_past(std::initializer_list<const char *> tables,
                                          const std::string &what);
    ::testing::AssertionResult ran_at(const std::string &place);

    /// Waits until the janitor has failed so many more times, in whatever it does.
    ::testing::AssertionResult fails_more(int count);

    /// Expects that planted code ran with the powers of `who` (the owner, where nobody is named) and
    /// no others, and that whatever it tried was refused.
    void expect_powers_of(const std::string &who = "");

  private:
    Role owner_;
    Role stranger_;
    Database database_;
    Session session_;
    Session strangers_;  ///< a connection of somebody else's, for planted code to end
};

}  // namespace sm_test
