// Package sqlro asks MySQL, MariaDB and PostgreSQL one SELECT at a time, in sessions
// that can't write, can't run for ever, and never show how they logged in.
//
//	Parse  one SELECT with :named parameters → the driver's own placeholders and the columns' names
//	Open   a data source name, its password from a variable → a Database; nothing is connected
//	Connect, Query  a read-only transaction with a statement timeout for every query
package sqlro
