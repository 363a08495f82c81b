import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.*;
import java.util.Arrays;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;

/** What programs do with JDBC, once for each way in which the driver can be set; prints what it saw. */
public class JdbcWorkload {
  static final String[] SETTINGS = {
    "",
    "autosave=always&reWriteBatchedInserts=true",
    "binaryTransfer=true&prepareThreshold=-1",
    "preferQueryMode=simple"
  };

  interface Work { void run() throws SQLException; }

  public static void main(String[] none) throws Exception {
    for (String settings : SETTINGS) {
      note("settings", settings);
      try (Connection connection = open(settings)) {
        new JdbcWorkload(connection).run();
      }
    }
    try (Connection connection = open("")) {
      new JdbcWorkload(connection).cancelled();
    }
  }

  final Connection connection;
  final Statement statement;

  JdbcWorkload(Connection connection) throws SQLException {
    this.connection = connection;
    this.statement = connection.createStatement();
  }

  void run() throws Exception {
    statement.execute("drop schema public cascade; create schema public");
    statement.execute("create table t (a int primary key, b text, c numeric, d int[])");
    batches();
    errors();
    severalResults();
    connection.setAutoCommit(false);
    fetches();
    calls();
    largeObjects();
    copies();
    connection.setAutoCommit(true);
    notifications();
    changedPlan();
    metadata();
  }

  void batches() throws SQLException {
    try (PreparedStatement insert = connection.prepareStatement("insert into t values (?, ?, ?, ?)")) {
      for (int n = 0; n < 300; n++) {
        insert.setInt(1, n);
        insert.setString(2, n % 3 == 0 ? null : "ü" + n);
        insert.setBigDecimal(3, new BigDecimal(n).divide(new BigDecimal(8)));
        insert.setArray(4, connection.createArrayOf("int4", new Integer[] {n, null}));
        insert.addBatch();
      }
      note("batch", insert.executeBatch().length);
    }
    try (PreparedStatement insert = connection.prepareStatement("insert into t (a) values (?)")) {
      for (int n = 290; n < 310; n++) {
        insert.setInt(1, n);
        insert.addBatch();
      }
      failing(insert::executeBatch);
    }
    statement.addBatch("update t set b = 'u' where a < 5");
    statement.addBatch("delete from t where a = 299");
    note("mixed batch", Arrays.toString(statement.executeBatch()));
    String keys = "insert into t (a, b) values (?, ?), (601, 'b')";
    try (PreparedStatement insert = connection.prepareStatement(keys, Statement.RETURN_GENERATED_KEYS)) {
      insert.setInt(1, 600);
      insert.setString(2, "a");
      note("inserted", insert.executeUpdate());
      rows(insert.getGeneratedKeys());
    }
  }

  void errors() throws SQLException {
    for (String wrong : new String[] {"select 1/0", "selec", "insert into t (a) values (1)"})
      failing(() -> statement.execute(wrong));
    try (PreparedStatement select = connection.prepareStatement("select a, b, c from t where a < ? order by a")) {
      // Past the threshold from which the driver prepares on the server.
      for (int n = 0; n < 8; n++) {
        select.setInt(1, 3);
        rows(select.executeQuery());
      }
    }
  }

  void severalResults() throws SQLException {
    boolean more = statement.execute("select 1 as x; update t set b = 'm' where a < 3; select 2 as y, ';' as z");
    for (int left = 3; left > 0; left--) {
      if (more) rows(statement.getResultSet());
      else note("updated", statement.getUpdateCount());
      more = statement.getMoreResults();
    }
  }

  void fetches() throws SQLException {
    try (Statement fetching = connection.createStatement()) {
      fetching.setFetchSize(37);
      rows(fetching.executeQuery("select a from t order by a"));
      ResultSet half = fetching.executeQuery("select a from t order by a");
      half.next();
      rows(statement.executeQuery("select 'in between'"));
      half.close();
    }
    Savepoint savepoint = connection.setSavepoint("s");
    failing(() -> statement.execute("select 1/0"));
    connection.rollback(savepoint);
    statement.execute("insert into t (a) values (700)");
    failing(() -> statement.execute("select 1/0"));
    failing(() -> rows(statement.executeQuery("select 'in a failed transaction, or not'")));
    connection.rollback();
  }

  void calls() throws SQLException {
    statement.execute("create function add(a int, inout b int, out d text) as $$ select b + a, 'd' || a $$ language sql");
    statement.execute(
        "create function cursor() returns refcursor language plpgsql as"
            + " $$ declare r refcursor; begin open r for select generate_series(1, 4); return r; end $$");
    connection.commit();
    failing(() -> {
      try (CallableStatement call = connection.prepareCall("{call add(?, ?, ?)}")) {
        call.setInt(1, 2);
        call.setInt(2, 3);
        call.registerOutParameter(2, Types.INTEGER);
        call.registerOutParameter(3, Types.VARCHAR);
        call.execute();
        note("called", call.getInt(2), call.getString(3));
      }
    });
    failing(() -> {
      try (CallableStatement call = connection.prepareCall("{? = call cursor()}")) {
        call.registerOutParameter(1, Types.REF_CURSOR);
        call.execute();
        rows((ResultSet) call.getObject(1));
      }
    });
    connection.rollback();
  }

  /** Over function calls. */
  void largeObjects() throws SQLException {
    LargeObjectManager objects = connection.unwrap(PGConnection.class).getLargeObjectAPI();
    long oid = objects.createLO();
    byte[] data = new byte[200_000];
    for (int at = 0; at < data.length; at++) data[at] = (byte) (at * 7);
    try (LargeObject object = objects.open(oid, LargeObjectManager.READWRITE)) {
      object.write(data);
      object.seek(10);
      note("large object", Arrays.hashCode(object.read(150_000)), object.tell(), object.size());
    }
    objects.delete(oid);
    failing(() -> objects.open(1));
    connection.rollback();
  }

  void copies() throws Exception {
    var copies = connection.unwrap(PGConnection.class).getCopyAPI();
    StringBuilder lines = new StringBuilder();
    for (int n = 10_000; n < 12_000; n++) lines.append(n).append("\tcopied\n");
    note("copied", copies.copyIn("copy t (a, b) from stdin", new StringReader(lines.toString())));
    StringWriter out = new StringWriter();
    note(copies.copyOut("copy (select a, b from t order by a) to stdout csv", out), out.toString().hashCode());
    var given = copies.copyIn("copy t (a) from stdin");
    given.writeToCopy("20000\n".getBytes(), 0, 6);
    given.cancelCopy();
    failing(() -> {
      try {
        copies.copyIn("copy t (a) from stdin", new StringReader("no number\n"));
      } catch (java.io.IOException error) {
        throw new IllegalStateException(error);
      }
    });
    connection.rollback();
  }

  void notifications() throws SQLException {
    PGConnection server = connection.unwrap(PGConnection.class);
    statement.execute("listen c");
    statement.execute("notify c, 'payload'");
    for (PGNotification heard : server.getNotifications(5000))
      note("heard", heard.getName(), heard.getParameter(), heard.getPID() == server.getBackendPID());
    statement.execute("do $$ begin raise notice 'noticed'; end $$");
    note("warned", statement.getWarnings());
  }

  void cancelled() throws SQLException {
    try (Statement sleeping = connection.createStatement()) {
      sleeping.setQueryTimeout(1);
      failing(() -> sleeping.execute("select pg_sleep(60)"));
    }
    rows(statement.executeQuery("select 'works'"));
  }

  void changedPlan() throws SQLException {
    try (PreparedStatement select = connection.prepareStatement("select * from t where a < ?")) {
      select.setInt(1, 1);
      for (int n = 0; n < 6; n++) rows(select.executeQuery());
      statement.execute("alter table t add column e int");
      failing(() -> rows(select.executeQuery()));
    }
    // As many parameters as the driver sends.
    try (PreparedStatement many = connection.prepareStatement("select cardinality(array[" + "?,".repeat(32_767) + "0])")) {
      for (int n = 1; n <= 32_767; n++) many.setInt(n, n);
      rows(many.executeQuery());
    }
  }

  void metadata() throws SQLException {
    DatabaseMetaData about = connection.getMetaData();
    rows(about.getTables(null, "public", "%", null));
    rows(about.getColumns(null, "public", "t", "%"));
    rows(about.getPrimaryKeys(null, "public", "t"));
    connection.setReadOnly(true);
    failing(() -> statement.execute("insert into t (a) values (1234567)"));
    note("valid", connection.isValid(5));
  }

  static Connection open(String settings) throws SQLException {
    Properties properties = new Properties();
    properties.put("user", System.getenv("PGUSER"));
    properties.put("password", System.getenv("PGPASSWORD"));
    for (String setting : settings.split("&")) {
      String[] parts = setting.split("=");
      if (parts.length == 2) properties.put(parts[0], parts[1]);
    }
    String server = System.getenv("PGHOST") + ":" + System.getenv("PGPORT");
    return DriverManager.getConnection("jdbc:postgresql://" + server + "/" + System.getenv("PGDATABASE"), properties);
  }

  static void note(Object... values) {
    System.out.println(Arrays.deepToString(values));
  }

  static void failing(Work work) {
    try {
      work.run();
    } catch (SQLException error) {
      for (SQLException each = error; each != null; each = each.getNextException())
        note("failed", each.getSQLState(), each.getMessage());
    }
  }

  static void rows(ResultSet rows) throws SQLException {
    int columns = rows.getMetaData().getColumnCount();
    int count = 0;
    for (; rows.next(); count++) {
      Object[] values = new Object[columns];
      for (int at = 0; at < columns; at++) values[at] = rows.getString(at + 1);
      if (count < 5) note(values);
    }
    note("rows", count);
    rows.close();
  }
}
